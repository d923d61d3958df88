//! Applications that manage each other in a circle: each needs the other to be deleted first.

use std::collections::{BTreeMap, BTreeSet};

use model::key::ObjectKey;

/// Every circle among parents and children, each sorted, in order; an Application that manages itself is one too.
///
/// `edges` leads from an Application to the Applications it manages.
pub fn cycles(edges: &BTreeMap<ObjectKey, BTreeSet<ObjectKey>>) -> Vec<Vec<ObjectKey>> {
    let mut backward: BTreeMap<&ObjectKey, Vec<&ObjectKey>> = BTreeMap::new();
    for (parent, children) in edges {
        for child in children {
            backward.entry(child).or_default().push(parent);
        }
    }
    let forward = |key: &ObjectKey| edges.get(key).into_iter().flatten().collect::<Vec<_>>();
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for start in edges.keys() {
        walk(start, &forward, &mut seen, &mut order);
    }
    let upward = |key: &ObjectKey| backward.get(key).cloned().unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in order.into_iter().rev() {
        let mut circle = Vec::new();
        walk(start, &upward, &mut seen, &mut circle);
        let manages_itself =
            circle.first().is_some_and(|only| edges.get(*only).is_some_and(|one| one.contains(*only)));
        if circle.len() > 1 || manages_itself {
            let mut circle: Vec<ObjectKey> = circle.into_iter().cloned().collect();
            circle.sort();
            found.push(circle);
        }
    }
    found.sort();
    found
}

/// Adds what is reached from `start`, each after all that is reached from it. No recursion: chains may be long.
fn walk<'k>(
    start: &'k ObjectKey,
    next: &dyn Fn(&ObjectKey) -> Vec<&'k ObjectKey>,
    seen: &mut BTreeSet<&'k ObjectKey>,
    order: &mut Vec<&'k ObjectKey>,
) {
    if !seen.insert(start) {
        return;
    }
    let mut path = vec![(start, next(start))];
    while let Some((key, waiting)) = path.last_mut() {
        match waiting.pop() {
            Some(reached) if seen.insert(reached) => path.push((reached, next(reached))),
            Some(_) => {}
            None => {
                order.push(*key);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("argoproj.io", "Application", "argocd", name)
    }

    #[track_caller]
    fn check(edges: &[(&str, &str)], expected: &str) {
        let mut map: BTreeMap<ObjectKey, BTreeSet<ObjectKey>> = BTreeMap::new();
        for (parent, child) in edges {
            map.entry(key(parent)).or_default().insert(key(child));
        }
        let names = |circle: &Vec<ObjectKey>| {
            circle.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join("+")
        };
        assert_eq!(cycles(&map).iter().map(names).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn circles_are_found_and_trees_are_not() {
        check(&[("root", "a"), ("root", "b"), ("a", "b")], "");
        check(&[("root", "root"), ("root", "a")], "root");
        check(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d")], "a+b+c d+e");
        let chain: Vec<(String, String)> =
            (0..20_000).map(|at| (format!("{at:05}"), format!("{:05}", at + 1))).collect();
        let chain: Vec<(&str, &str)> =
            chain.iter().map(|(one, other)| (one.as_str(), other.as_str())).collect();
        check(&chain, "");
    }
}
