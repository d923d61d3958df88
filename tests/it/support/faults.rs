//! A proxy between an agent and its API server that injects faults: refusals, silences, lost answers, broken
//! connections. What it does not touch goes through as it is.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// One request, as the agent sent it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Path with query.
    pub target: String,
    /// Its body.
    pub body: String,
}

impl Asked {
    /// True for a change of the cluster: no read, no dry run, no lease, no event.
    pub fn is_write(&self) -> bool {
        let aside = ["dryRun=All", "/leases", "/events?", "/selfsubject"];
        self.method != "GET"
            && !aside.iter().any(|part| self.target.contains(part))
            && !self.target.ends_with("/events")
    }

    /// True for a watch.
    pub fn is_watch(&self) -> bool {
        self.method == "GET" && self.target.contains("watch=true")
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It goes through.
    None,
    /// It is answered here with this status and these headers.
    Answer(u16, &'static str, String),
    /// It is carried out, and its answer is lost.
    LoseAnswer,
    /// The connection breaks before it is sent on.
    Break,
    /// It is never answered: the connection stays open without a word.
    Silence,
    /// It is carried out, and after the first bytes of its answer there is silence.
    SilenceAfter(usize),
    /// It is carried out, and each piece of its answer comes late: a watch shows what was, and falls behind.
    Late(Duration),
}

type Rule = dyn Fn(&Asked) -> Fault + Send + Sync;

/// The proxy. It stops when dropped.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Upstream,
    rule: Mutex<Arc<Rule>>,
    rewrite: Mutex<Option<(&'static str, &'static str)>>,
    asked: Mutex<Vec<Asked>>,
    connections: Mutex<Vec<TcpStream>>,
    is_down: AtomicBool,
    is_over: AtomicBool,
}

struct Upstream {
    address: String,
    host: String,
    tls: Arc<ClientConfig>,
}

impl FaultProxy {
    /// A proxy before the API server of `kubeconfig`, without faults.
    pub fn start(kubeconfig: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            upstream: Upstream::of(kubeconfig),
            rule: Mutex::new(Arc::new(|_: &Asked| Fault::None)),
            rewrite: Mutex::default(),
            asked: Mutex::default(),
            connections: Mutex::default(),
            is_down: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        Self { address, shared }
    }

    /// The kubeconfig that leads through the proxy: a file beside `original`.
    pub fn kubeconfig(&self, original: &Path) -> PathBuf {
        let text = std::fs::read_to_string(original).expect("the kubeconfig is there");
        let mut config: serde_yaml::Value = serde_yaml::from_str(&text).expect("it is YAML");
        let server = format!("http://{}", self.address);
        config["clusters"][0]["cluster"] =
            serde_yaml::from_str(&format!("server: {server}")).expect("it is YAML");
        let path = original.with_extension(format!("{}.faults", self.address.port()));
        std::fs::write(&path, serde_yaml::to_string(&config).expect("it is YAML"))
            .expect("it can be written");
        path
    }

    /// Decides by `rule` from now on.
    pub fn set(&self, rule: impl Fn(&Asked) -> Fault + Send + Sync + 'static) {
        *lock(&self.shared.rule) = Arc::new(rule);
    }

    /// No more faults.
    pub fn clear(&self) {
        self.set(|_| Fault::None);
    }

    /// Writes `to` in answers wherever the server says `from`: both equally long.
    pub fn rewrite(&self, from: &'static str, to: &'static str) {
        assert_eq!(from.len(), to.len(), "lengths of bodies stay");
        *lock(&self.shared.rewrite) = Some((from, to));
    }

    /// Breaks every connection there is.
    pub fn cut(&self) {
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Takes the server away, or gives it back.
    pub fn down(&self, is_down: bool) {
        self.shared.is_down.store(is_down, Ordering::Relaxed);
        if is_down {
            self.cut();
        }
    }

    /// What was asked since the last call.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *lock(&self.shared.asked))
    }

    /// The changes that were asked for since the last call.
    pub fn take_writes(&self) -> Vec<Asked> {
        self.take_asked().into_iter().filter(Asked::is_write).collect()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.cut();
        let _ = TcpStream::connect(self.address);
    }
}

impl Upstream {
    fn of(kubeconfig: &str) -> Self {
        let config: serde_yaml::Value = serde_yaml::from_str(kubeconfig).expect("it is YAML");
        let cluster = &config["clusters"][0]["cluster"];
        let server = cluster["server"].as_str().expect("it names the server");
        let address = server.strip_prefix("https://").expect("it is https").trim_end_matches('/').to_owned();
        let pem = data_encoding::BASE64
            .decode(cluster["certificate-authority-data"].as_str().expect("it holds the CA").as_bytes())
            .expect("the CA is base64");
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&String::from_utf8_lossy(&pem)) {
            roots.add(certificate).expect("it is a certificate");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions are known")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).to_owned();
        Self { address, host, tls: Arc::new(tls) }
    }

    fn connect(&self) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(self.tls.clone(), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, TcpStream::connect(&self.address)?))
    }
}

fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = blocks.filter_map(|block| block.split("-----END").next());
    let texts = bodies.map(|body| body.split_whitespace().collect::<String>());
    texts.map(|text| data_encoding::BASE64.decode(text.as_bytes()).expect("it is base64").into()).collect()
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        if self.is_down.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(handle) = stream.try_clone() {
            lock(&self.connections).push(handle);
        }
        let _ = self.converse(&stream);
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Request after request, each over the same connection to the server.
    fn converse(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut upstream: Option<BufReader<StreamOwned<ClientConnection, TcpStream>>> = None;
        while let Some((head, asked)) = read_request(&mut reader)? {
            lock(&self.asked).push(asked.clone());
            let rule = lock(&self.rule).clone();
            let fault = rule(&asked);
            match &fault {
                Fault::None | Fault::LoseAnswer | Fault::SilenceAfter(_) | Fault::Late(_) => {}
                Fault::Answer(status, headers, body) => {
                    let length = body.len();
                    write!(
                        stream,
                        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
                    )?;
                    continue;
                }
                Fault::Break => return Ok(()),
                Fault::Silence => return self.stay_silent(stream),
            }
            let server = match &mut upstream {
                Some(server) => server,
                None => upstream.insert(BufReader::new(self.upstream.connect()?)),
            };
            server.get_mut().write_all(head.as_bytes())?;
            server.get_mut().write_all(asked.body.as_bytes())?;
            server.get_mut().flush()?;
            let rewrite = *lock(&self.rewrite);
            match fault {
                Fault::LoseAnswer => {
                    copy_answer(server, &mut io::sink(), None, rewrite)?;
                    return Ok(());
                }
                Fault::SilenceAfter(bytes) => {
                    copy_answer(server, &mut stream, Some(bytes), rewrite)?;
                    return self.stay_silent(stream);
                }
                Fault::Late(by) => {
                    copy_answer(server, &mut Late { stream, by, is_fresh: true }, None, rewrite)?;
                }
                _ => copy_answer(server, &mut stream, None, rewrite)?,
            }
        }
        Ok(())
    }

    /// Until somebody breaks the connection.
    fn stay_silent(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        let mut buffer = [0; 1024];
        while !self.is_over.load(Ordering::Relaxed) {
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, Asked)>> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let start = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        let line = head[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let asked = Asked {
        method: method.to_owned(),
        target: target.to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    Ok(Some((head, asked)))
}

/// Copies one answer as it comes; at most `limit` bytes of its body.
fn copy_answer(
    server: &mut impl BufRead,
    client: &mut impl Write,
    limit: Option<usize>,
    rewrite: Option<(&str, &str)>,
) -> io::Result<()> {
    let mut head = String::new();
    let (mut length, mut chunked) = (None, false);
    loop {
        let start = head.len();
        if server.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = head[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse::<usize>().map_err(io::Error::other)?);
        }
        chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        if line.is_empty() {
            break;
        }
    }
    client.write_all(head.as_bytes())?;
    let mut left = limit.unwrap_or(usize::MAX);
    match (length, chunked) {
        (Some(length), _) => {
            let mut body = vec![0; length];
            server.read_exact(&mut body)?;
            let body = rewritten(body, rewrite);
            client.write_all(&body[..length.min(left)])?;
        }
        (None, true) => loop {
            let mut size = String::new();
            server.read_line(&mut size)?;
            let bytes = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; bytes + 2];
            server.read_exact(&mut chunk)?;
            if left < bytes {
                break;
            }
            left -= bytes;
            client.write_all(size.as_bytes())?;
            client.write_all(&rewritten(chunk, rewrite))?;
            client.flush()?;
            if bytes == 0 {
                break;
            }
        },
        (None, false) => {}
    }
    client.flush()
}

/// A client that gets each piece late.
struct Late<'s> {
    stream: &'s TcpStream,
    by: Duration,
    is_fresh: bool,
}

impl Write for Late<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.is_fresh) {
            thread::sleep(self.by);
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.is_fresh = true;
        self.stream.flush()
    }
}

fn rewritten(bytes: Vec<u8>, rewrite: Option<(&str, &str)>) -> Vec<u8> {
    match (rewrite, std::str::from_utf8(&bytes)) {
        (Some((from, to)), Ok(text)) if text.contains(from) => text.replace(from, to).into_bytes(),
        _ => bytes,
    }
}
