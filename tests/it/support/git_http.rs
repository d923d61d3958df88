//! Repositories over smart HTTP: a folder served by the real `git http-backend`, on a port of this machine.
//!
//! [`HttpServer`] is the small server below it; its handler can answer anything, so it also plays Helm repositories
//! and servers that misbehave.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path without the query.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What the server sends back.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sends only so many bytes of the body, then hangs up.
    pub cut_at: Option<usize>,
}

impl Reply {
    /// A body with its type.
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status: 200, headers, body: body.into(), cut_at: None }
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self { status: 302, headers: vec![("Location".to_owned(), to.to_owned())], ..Self::default() }
    }
}

/// A server on 127.0.0.1 that remembers what it was asked. It stops when dropped.
pub struct HttpServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

impl HttpServer {
    /// Serves each request by `handler`.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(None, handler)
    }

    /// As [`Self::start`], encrypted.
    pub fn start_tls(tls: ServerConfig, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(Some(Arc::new(tls)), handler)
    }

    fn serve(
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (requests, stopped) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, stop, handler) = (requests.clone(), stopped.clone(), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (seen, handler, tls) = (seen.clone(), handler.clone(), tls.clone());
                thread::spawn(move || {
                    let _ = match tls {
                        None => converse(stream, &seen, handler.as_ref()),
                        Some(tls) => ServerConnection::new(tls)
                            .map_err(io::Error::other)
                            .and_then(|tls| converse(StreamOwned::new(tls, stream), &seen, handler.as_ref())),
                    };
                });
            }
        });
        Self { address, requests, stopped }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The host with its port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was asked and says how many requests that were.
    pub fn take_count(&self) -> usize {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// One request, one answer, then the connection is closed.
fn converse(
    mut stream: impl Read + Write,
    seen: &Mutex<Vec<Request>>,
    handler: &dyn Fn(&Request) -> Reply,
) -> io::Result<()> {
    let Some(request) = read_request(&mut stream)? else { return Ok(()) };
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    write_reply(&mut stream, &handler(&request))?;
    stream.flush()
}

fn read_request(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: read_headers(&mut reader)?,
        body: Vec::new(),
    };
    if let Some(length) = request.headers.get("content-length").and_then(|length| length.parse().ok()) {
        reader.take(length).read_to_end(&mut request.body)?;
    }
    Ok(Some(request))
}

fn read_headers(reader: &mut impl BufRead) -> io::Result<BTreeMap<String, String>> {
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(headers);
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
}

fn write_reply(stream: &mut impl Write, reply: &Reply) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} -\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", reply.body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&reply.body[..reply.cut_at.unwrap_or(reply.body.len()).min(reply.body.len())])
}

/// A folder of bare repositories, served as any Git server does.
#[derive(Clone)]
pub struct GitBackend {
    root: PathBuf,
}

impl GitBackend {
    /// Serves the repositories below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A server that does nothing else.
    pub fn start(root: &Path) -> HttpServer {
        let backend = Self::new(root);
        HttpServer::start(move |request| backend.answer(request))
    }

    /// Hands a request to `git http-backend`.
    pub fn answer(&self, request: &Request) -> Reply {
        self.run(request).unwrap_or_else(|error| {
            eprintln!("git http-backend: {error}");
            Reply::status(500)
        })
    }

    fn run(&self, request: &Request) -> io::Result<Reply> {
        let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
        let mut backend = Command::new("git")
            .arg("http-backend")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.root)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("CONTENT_TYPE", header("content-type"))
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("GIT_PROTOCOL", header("git-protocol"))
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut input = backend.stdin.take().expect("it is piped");
        let body = request.body.clone();
        let feeding = thread::spawn(move || input.write_all(&body));
        let mut output = BufReader::new(backend.stdout.take().expect("it is piped"));
        let headers = read_headers(&mut output)?;
        let mut body = Vec::new();
        output.read_to_end(&mut body)?;
        let _ = feeding.join();
        backend.wait()?;
        let status = headers.get("status").and_then(|status| status.get(..3)?.parse().ok()).unwrap_or(200);
        let headers =
            headers.into_iter().filter(|(name, _)| name != "status" && name != "content-length").collect();
        Ok(Reply { status, headers, body, cut_at: None })
    }
}

/// The header of a basic login.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes()))
}
