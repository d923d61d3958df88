//! What becomes of objects, in the order in which the server wrote it: nothing between two looks is missed.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Deserializer, Value};

use super::apps::text;
use super::controlplane::ControlPlane;

/// One object as it was written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The server's revision: all objects are counted together.
    pub version: u64,
    /// True where it was deleted.
    pub is_gone: bool,
    /// The object, or the last that was seen of it.
    pub object: Value,
}

/// All objects at one moment, by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Moment(BTreeMap<(String, String), Value>);

impl Moment {
    /// One object, or null.
    pub fn get(&self, kind: &str, name: &str) -> &Value {
        self.0.get(&(kind.to_owned(), name.to_owned())).unwrap_or(&Value::Null)
    }

    /// All objects of a kind.
    pub fn all<'m>(&'m self, kind: &'m str) -> impl Iterator<Item = &'m Value> + 'm {
        self.0.iter().filter(move |((found, _), _)| found == kind).map(|(_, object)| object)
    }

    fn take(&mut self, entry: &Entry) {
        let key = (text(&entry.object, "/kind").to_owned(), text(&entry.object, "/metadata/name").to_owned());
        if entry.is_gone {
            self.0.remove(&key);
        } else {
            self.0.insert(key, entry.object.clone());
        }
    }
}

/// Watches some kinds in one namespace until it is dropped.
pub struct Journal {
    entries: Arc<Mutex<Vec<Entry>>>,
    watches: Vec<Child>,
}

impl Journal {
    /// Begins with the objects that are there.
    pub fn watch(plane: &ControlPlane, namespace: &str, kinds: &[&str]) -> Self {
        let entries = Arc::new(Mutex::new(Vec::new()));
        let watch = |kind: &&str| {
            let mut child = Command::new(&plane.program)
                .arg("kubectl")
                .arg("--kubeconfig")
                .arg(&plane.kubeconfig)
                .args(["get", kind, "-n", namespace, "-o", "json", "--watch", "--output-watch-events"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .expect("kubectl can be run");
            let output = child.stdout.take().expect("it is piped");
            let entries = entries.clone();
            thread::spawn(move || {
                let events = Deserializer::from_reader(output).into_iter::<Value>().map_while(Result::ok);
                for entry in events.filter_map(entry) {
                    entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
                }
            });
            child
        };
        let watches = kinds.iter().map(watch).collect();
        Self { entries, watches }
    }

    /// Everything so far, in the server's order.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        entries.sort_by_key(|entry| entry.version);
        entries
    }

    /// The newest of everything.
    pub fn now(&self) -> Moment {
        let mut moment = Moment::default();
        self.entries().iter().for_each(|entry| moment.take(entry));
        moment
    }

    /// The newest revision so far.
    pub fn version(&self) -> u64 {
        self.entries().last().map_or(0, |entry| entry.version)
    }

    /// Each entry after a revision, with everything as it was then.
    pub fn replay(&self, after: u64) -> Vec<(Entry, Moment)> {
        let mut moment = Moment::default();
        let mut story = Vec::new();
        for entry in self.entries() {
            moment.take(&entry);
            if entry.version > after {
                story.push((entry, moment.clone()));
            }
        }
        story
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        for watch in &mut self.watches {
            let _ = watch.kill();
            let _ = watch.wait();
        }
    }
}

fn entry(event: Value) -> Option<Entry> {
    let object = &event["object"];
    let version = text(object, "/metadata/resourceVersion").parse().ok()?;
    Some(Entry { version, is_gone: event["type"] == "DELETED", object: object.clone() })
}
