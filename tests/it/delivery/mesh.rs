//! A mesh of one route: a real Envoy that follows the VirtualService which windlass writes, and a steady stream of
//! requests through it.
//!
//! There is one backend for each image. It answers as long as a ready pod has its image; when the last is gone, it
//! answers on as a pod does that is told to end: until nothing is sent to it any more, but no longer than a pod's grace.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::agent::ask;
use crate::support::controlplane::{ControlPlane, wait_for};
use crate::support::envoy::Envoy;
use crate::support::git_http::{HttpServer, Reply};
use crate::support::journal::Journal;
use crate::support::mesh::{Share, shares};

/// How long a pod that is told to end may go on, unless it says otherwise.
const GRACE: Duration = Duration::from_secs(30);
/// Where requests go that have no pod: no such cluster exists.
const NOWHERE: &str = "nowhere";
/// One percent of all requests, in the weights that Envoy gets.
const PERCENT: u64 = 1000;
/// Requests that are counted for one share.
const SAMPLE: usize = 800;

/// Weights by image.
type Weights = BTreeMap<String, u64>;

/// Status and body of each answer so far.
type Answers = Arc<Mutex<Vec<(u16, String)>>>;

/// A running mesh; ended when it is dropped.
pub struct Mesh {
    in_force: Arc<Mutex<Weights>>,
    answers: Answers,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Mesh {
    /// Begins to follow a VirtualService of a namespace; `images` are all that its pods will ever have.
    pub fn follow(
        plane: &ControlPlane,
        namespace: &str,
        name: &'static str,
        images: &[&str],
        envoy: &Path,
    ) -> Self {
        let journal = Journal::watch(plane, namespace, &["virtualservice", "service", "pod"]);
        let backends: Vec<Backend> = images.iter().map(|image| Backend::start(image)).collect();
        let clusters: Vec<_> = backends.iter().map(|backend| (&*backend.image, backend.address())).collect();
        let envoy = Envoy::start(envoy, &clusters, &[(NOWHERE.to_owned(), 1)]);
        let address = envoy.address;
        let (in_force, answers, stopped) =
            (Arc::default(), Answers::default(), Arc::new(AtomicBool::new(false)));
        let bridge = Bridge {
            journal,
            name,
            backends,
            envoy,
            in_force: Arc::clone(&in_force),
            answers: answers.clone(),
            seen: BTreeMap::new(),
        };
        let stop = stopped.clone();
        let mut threads = vec![thread::spawn(move || bridge.run(&stop))];
        wait_for("the mesh to know whom to serve", || {
            let weights = in_force.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if weights.is_empty() || weights.contains_key(NOWHERE) {
                Err(format!("{weights:?}"))
            } else {
                Ok(())
            }
        });
        let (sink, stop) = (answers.clone(), stopped.clone());
        threads.push(thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let answer = ask(address, "GET", "/", "", "").unwrap_or_else(|error| (0, error));
                sink.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
                thread::sleep(Duration::from_millis(2));
            }
        }));
        Self { in_force, answers, stopped, threads }
    }

    /// Waits until Envoy sends requests to images by these percentages, then counts where they really arrive.
    #[track_caller]
    pub fn splits(&self, percentages: &[(&str, u64)]) {
        let wanted: Weights =
            percentages.iter().map(|(image, percent)| ((*image).to_owned(), percent * PERCENT)).collect();
        wait_for(&format!("requests to be sent by {wanted:?}"), || {
            let found = self.in_force.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
        });
        // The request that is under way may still follow the route before this one.
        let begin = self.count() + 1;
        wait_for("enough requests", || {
            let count = self.count();
            if count >= begin + SAMPLE { Ok(()) } else { Err(format!("{count} of {}", begin + SAMPLE)) }
        });
        let sample =
            self.answers.lock().unwrap_or_else(PoisonError::into_inner)[begin..begin + SAMPLE].to_vec();
        for (image, percent) in percentages {
            let found = sample.iter().filter(|(_, body)| body == image).count() as f64;
            let (count, chance) = (SAMPLE as f64, *percent as f64 / 100.0);
            // Five standard deviations: one run in a million is further away by chance.
            let allowed = 5.0 * (count * chance * (1.0 - chance)).sqrt();
            assert!(
                (found - count * chance).abs() <= allowed,
                "{found} of {count} reached {image}, not {percent} %"
            );
        }
    }

    /// Every answer that was not 200, with what was answered.
    pub fn failures(&self) -> Vec<(u16, String)> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().filter(|(code, _)| *code != 200).cloned().collect()
    }

    fn count(&self) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What answers for the pods of an image, with the image's name.
struct Backend {
    image: String,
    server: HttpServer,
    is_up: Arc<AtomicBool>,
}

impl Backend {
    fn start(image: &str) -> Self {
        let is_up = Arc::new(AtomicBool::new(false));
        let (body, up) = (image.to_owned(), is_up.clone());
        let server = HttpServer::start(move |_| {
            if up.load(Ordering::SeqCst) { Reply::ok("text/plain", body.clone()) } else { Reply::status(502) }
        });
        Self { image: image.to_owned(), server, is_up }
    }

    fn address(&self) -> std::net::SocketAddr {
        self.server.host().parse().expect("it is an address")
    }
}

/// Carries what the cluster says into Envoy.
struct Bridge {
    journal: Journal,
    name: &'static str,
    backends: Vec<Backend>,
    envoy: Envoy,
    in_force: Arc<Mutex<Weights>>,
    answers: Answers,
    /// Images of the pods that each Service had last, and when that was.
    seen: BTreeMap<String, (Vec<String>, Instant)>,
}

impl Bridge {
    fn run(mut self, stopped: &AtomicBool) {
        let mut version = 1;
        while !stopped.load(Ordering::Relaxed) {
            let moment = self.journal.now();
            let shares = shares(&moment, self.name);
            let weights = self.weights(&shares);
            let is_ready =
                |image: &str| shares.iter().any(|share| share.images.iter().any(|found| found == image));
            self.backends
                .iter()
                .filter(|backend| is_ready(&backend.image))
                .for_each(|backend| backend.turn(true));
            let before = self.in_force.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if weights != before && !weights.is_empty() {
                version += 1;
                let route: Vec<(String, u64)> = weights.clone().into_iter().collect();
                self.envoy.route(&version.to_string(), &route);
                self.in_force.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&weights);
                self.let_one_request_pass(stopped);
            }
            let rests =
                |backend: &&Backend| !is_ready(&backend.image) && !weights.contains_key(&backend.image);
            self.backends.iter().filter(rests).for_each(|backend| backend.turn(false));
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn weights(&mut self, shares: &[Share]) -> Weights {
        let mut weights = Weights::new();
        for share in shares {
            if !share.images.is_empty() {
                self.seen.insert(share.service.clone(), (share.images.clone(), Instant::now()));
            }
            if share.weight == 0 {
                continue;
            }
            let last = self.seen.get(&share.service).filter(|(_, at)| at.elapsed() < GRACE);
            let images = last.map_or_else(|| vec![NOWHERE.to_owned()], |(images, _)| images.clone());
            for image in &images {
                *weights.entry(image.clone()).or_default() += share.weight * PERCENT / images.len() as u64;
            }
        }
        weights
    }

    /// What was sent by the route before this one has been answered by then: requests come one after another.
    fn let_one_request_pass(&self, stopped: &AtomicBool) {
        let count = || self.answers.lock().unwrap_or_else(PoisonError::into_inner).len();
        let begin = count();
        while begin > 0 && count() <= begin && !stopped.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Backend {
    fn turn(&self, up: bool) {
        self.is_up.store(up, Ordering::SeqCst);
    }
}
