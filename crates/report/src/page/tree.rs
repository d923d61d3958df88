//! The resource tree as steps that a template writes down one after the other: however deep it is, nothing recurses.

use model::application::{HealthCode, SyncStatusCode};
use model::{ObjectKey, Time};

use super::application::address;
use super::words::{Badge, ago};
use crate::application::{AppKey, ResourceLine, TreeNode};

/// Objects below managed ones that one page shows.
const MOST_CHILDREN: usize = 2_000;

/// How deep the page goes below a managed object; controllers go three deep.
const DEEPEST: usize = 16;

/// One step of writing the tree.
pub(super) enum Step<'a> {
    /// An object with others below it; they follow, up to its [`Step::Close`].
    Open(Node<'a>),
    /// An object with none below it.
    Leaf(Node<'a>),
    /// The end of what is below an object.
    Close,
}

/// An object on the page.
pub(super) struct Node<'a> {
    pub(super) key: &'a ObjectKey,
    /// Where its own screen is, for an Application.
    pub(super) address: Option<String>,
    pub(super) sync: Option<Badge>,
    pub(super) health: Option<Badge>,
    /// What else it is, in single words.
    pub(super) words: Vec<String>,
    pub(super) remarks: Vec<Remark<'a>>,
    /// True where it is shown unfolded.
    pub(super) open: bool,
}

impl Node<'_> {
    /// What the script remembers its fold by.
    pub(super) fn id(&self) -> String {
        self.key.to_string()
    }
}

/// A sentence about an object.
pub(super) struct Remark<'a> {
    pub(super) label: &'static str,
    pub(super) text: &'a str,
}

/// The steps, and how many objects they leave out.
pub(super) fn steps(resources: &[ResourceLine], now: Time) -> (Vec<Step<'_>>, usize) {
    let mut steps = Vec::with_capacity(resources.len() * 2);
    let (mut left, mut unshown) = (MOST_CHILDREN, 0);
    for resource in resources {
        let node = managed(resource);
        if resource.children.is_empty() {
            steps.push(Step::Leaf(node));
            continue;
        }
        steps.push(Step::Open(node));
        below(&resource.children, now, &mut steps, &mut left, &mut unshown);
        steps.push(Step::Close);
    }
    (steps, unshown)
}

/// Writes the objects below a managed one.
fn below<'a>(
    children: &'a [TreeNode],
    now: Time,
    steps: &mut Vec<Step<'a>>,
    left: &mut usize,
    unshown: &mut usize,
) {
    let mut open = vec![children.iter()];
    while let Some(level) = open.last_mut() {
        let Some(child) = level.next() else {
            open.pop();
            if !open.is_empty() {
                steps.push(Step::Close);
            }
            continue;
        };
        if *left == 0 {
            *unshown += 1;
            continue;
        }
        *left -= 1;
        if child.children.is_empty() {
            steps.push(Step::Leaf(owned(child, now)));
        } else if open.len() == DEEPEST {
            *unshown += child.children.len();
            steps.push(Step::Leaf(owned(child, now)));
        } else {
            steps.push(Step::Open(owned(child, now)));
            open.push(child.children.iter());
        }
    }
}

fn managed(line: &ResourceLine) -> Node<'_> {
    let mut words = Vec::new();
    if line.hook {
        words.push("hook".to_owned());
    }
    if line.requires_pruning {
        words.push("only in the cluster".to_owned());
    }
    if line.wave != 0 {
        words.push(format!("wave {}", line.wave));
    }
    let well = matches!(line.sync, None | Some(SyncStatusCode::Synced))
        && matches!(line.health, None | Some(HealthCode::Healthy));
    Node {
        key: &line.key,
        address: screen(&line.key),
        sync: line.sync.map(Badge::of_sync),
        health: line.health.map(Badge::of_health),
        words,
        remarks: remarks([
            ("health", &line.health_message),
            ("note", &line.note),
            ("held", &line.held_by),
            ("from", &line.origin),
        ]),
        open: !well,
    }
}

fn owned(node: &TreeNode, now: Time) -> Node<'_> {
    let age = node.created.parse::<Time>().map(|at| format!("made {}", ago(at, now)));
    let mut shown = remarks([("health", &node.health_message)]);
    shown.extend(node.images.iter().map(|image| Remark { label: "image", text: image }));
    Node {
        key: &node.key,
        address: screen(&node.key),
        sync: None,
        health: node.health.map(Badge::of_health),
        words: age.into_iter().collect(),
        remarks: shown,
        open: true,
    }
}

fn screen(key: &ObjectKey) -> Option<String> {
    let is_application = key.group == "argoproj.io" && key.kind == "Application";
    let app = AppKey { namespace: key.namespace.clone(), name: key.name.clone() };
    is_application.then(|| address(&app))
}

fn remarks<'a, const N: usize>(list: [(&'static str, &'a String); N]) -> Vec<Remark<'a>> {
    let told = list.into_iter().filter(|(_, text)| !text.is_empty());
    told.map(|(label, text)| Remark { label, text }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, children: Vec<TreeNode>) -> TreeNode {
        TreeNode {
            key: ObjectKey::new("", "Pod", "web", name),
            health: None,
            health_message: String::new(),
            created: String::new(),
            images: Vec::new(),
            children,
        }
    }

    #[track_caller]
    fn check(children: &[TreeNode], expected: &str, expected_unshown: usize) {
        let (mut steps, mut left, mut unshown) = (Vec::new(), MOST_CHILDREN, 0);
        let now = "2024-05-02T12:00:00Z".parse().expect("it is a time");
        below(children, now, &mut steps, &mut left, &mut unshown);
        let told: String = steps
            .iter()
            .map(|step| match step {
                Step::Open(node) => format!("{}(", node.key.name),
                Step::Leaf(node) => format!("{} ", node.key.name),
                Step::Close => ")".to_owned(),
            })
            .collect();
        assert_eq!((told.as_str(), unshown), (expected, expected_unshown));
    }

    #[test]
    fn what_is_opened_is_closed() {
        check(
            &[node("a", vec![node("b", vec![node("c", vec![])]), node("d", vec![])]), node("e", vec![])],
            "a(b(c )d )e ",
            0,
        );
    }

    #[test]
    fn a_deep_tree_is_cut() {
        let deep = (0..DEEPEST + 2).fold(node("x", vec![]), |below, _| node("x", vec![below]));
        let expected = format!("{}x {}", "x(".repeat(DEEPEST - 1), ")".repeat(DEEPEST - 1));
        check(&[deep], &expected, 1);
    }

    #[test]
    fn a_wide_tree_is_cut() {
        let wide: Vec<_> = (0..MOST_CHILDREN + 3).map(|_| node("x", vec![])).collect();
        check(&wide, &"x ".repeat(MOST_CHILDREN), 3);
    }
}
