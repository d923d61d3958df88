//! Weights into pod counts: arithmetic alone.

/// What a canary without a router must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// `spec.replicas`.
    pub replicas: i32,
    /// Pods beyond it.
    pub surge: i32,
    /// Pods that may be missing.
    pub unavailable: i32,
}

/// Pods of one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pods {
    /// By its spec.
    pub spec: i32,
    /// Available ones.
    pub available: i32,
}

/// Pods of both versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// New version.
    pub new: i32,
    /// Stable version.
    pub stable: i32,
}

/// `replicas` by weight, rounded up.
pub fn share(replicas: i32, weight: i32, max_weight: i32) -> i32 {
    let (replicas, weight, max) = (i64::from(replicas), i64::from(weight), i64::from(max_weight.max(1)));
    i32::try_from((replicas * weight + max - 1).div_euclid(max)).unwrap_or(i32::MAX)
}

/// A count raised to the least a version may have, where it is not zero.
pub fn at_least(count: i32, least: Option<i32>, replicas: i32) -> i32 {
    match least {
        Some(least) if count > 0 && count < least => least.min(replicas),
        Some(_) | None => count,
    }
}

/// The counts that come nearest to a weight: whole pods, one more than `replicas` where surge allows and it is nearer,
/// and never none for a weight that is neither nothing nor all.
pub fn nearest(bounds: Bounds, weight: i32, max_weight: i32) -> Split {
    let Bounds { replicas, surge, unavailable: _ } = bounds;
    if replicas == 0 {
        return Split::default();
    }
    let (w, m) = (i64::from(weight), i64::from(max_weight));
    let zero_ok = weight == max_weight || weight == 0 || (replicas == 1 && surge == 0);
    let mut best: Option<(i64, i64)> = None;
    let mut offer = |canary: i64, total: i64| {
        let error = |(canary, total): (i64, i64)| (canary * m - w * total).abs();
        // Compared as fractions: error / total.
        let nearer = best.is_none_or(|(c, t)| error((canary, total)) * t < error((c, t)) * total);
        if nearer {
            best = Some((canary, total));
        }
    };
    let total = i64::from(replicas);
    let tied = |total: i64| (2 * total * w).rem_euclid(2 * m) == m;
    let ceil = (total * w + m - 1).div_euclid(m);
    let floor = (total * w).div_euclid(m);
    if ceil < total || zero_ok {
        offer(ceil, total);
    }
    if !tied(total) && (floor > 0 || zero_ok) {
        offer(floor, total);
    }
    if surge > 0 {
        offer(ceil, total + 1);
        if !tied(total + 1) && (floor > 0 || zero_ok) {
            offer(floor, total + 1);
        }
    }
    let (canary, total) = best.unwrap_or((0, total));
    let small = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
    Split { new: small(canary), stable: small(total - canary) }
}

/// One move toward the wanted counts that keeps to the bounds: first up as far as surge goes, then, once all other
/// versions are gone, down as far as availability goes.
pub fn toward(bounds: Bounds, wanted: Split, new: Option<Pods>, stable: Option<Pods>, others: i32) -> Split {
    let Bounds { replicas, surge, unavailable } = bounds;
    let most = replicas.saturating_add(surge);
    let (new_pods, stable_pods) = (new.unwrap_or_default(), stable.unwrap_or_default());
    let up = most - (new_pods.spec + stable_pods.spec + others);
    let raised = raise(wanted, Split { new: new_pods.spec, stable: stable_pods.spec }, up);
    if others > 0 {
        return raised;
    }
    let least = replicas - unavailable;
    let growing = new.is_none() || wanted.new >= new_pods.spec;
    let pool = countable(new_pods, !growing) + countable(stable_pods, growing);
    if pool <= least {
        return raised;
    }
    let down = pool - least;
    let room = Room { most, least };
    if growing {
        let Some(stable) = stable else { return raised };
        let drained =
            if stable.spec > wanted.stable { wanted.stable.max(stable.spec - down) } else { raised.stable };
        let (stable, new) = room.fit((drained, stable.available), new.map(|new| (raised.new, new.available)));
        Split { new: new.unwrap_or(raised.new), stable }
    } else {
        let drained =
            if new_pods.spec > wanted.new { wanted.new.max(new_pods.spec - down) } else { raised.new };
        let (new, stable) =
            room.fit((drained, new_pods.available), stable.map(|stable| (raised.stable, stable.available)));
        Split { new, stable: stable.unwrap_or(raised.stable) }
    }
}

fn raise(wanted: Split, have: Split, up: i32) -> Split {
    let mut up = up;
    let mut next = have;
    if have.stable < wanted.stable && up > 0 {
        next.stable = wanted.stable.min(have.stable + up);
        up -= next.stable - have.stable;
    }
    if have.new < wanted.new && up > 0 {
        next.new = wanted.new.min(have.new + up);
    }
    next
}

/// Pods of a side that count when it is asked how many may go.
fn countable(pods: Pods, ignore_availability: bool) -> i32 {
    if ignore_availability { pods.spec } else { pods.spec.min(pods.available) }
}

struct Room {
    most: i32,
    least: i32,
}

impl Room {
    /// The side that is drained and the side that is kept, within the bounds.
    fn fit(&self, drain: (i32, i32), keep: Option<(i32, i32)>) -> (i32, Option<i32>) {
        let Some((keep, keep_available)) = keep else { return (drain.0, None) };
        let (drain, drain_available) = drain;
        let over = (drain + keep - self.most).max(0);
        let cut = keep - over;
        let available = drain_available.min(drain) + keep_available.min(cut);
        let lost = (keep_available - cut).max(0);
        let need = (self.least - available).max(0);
        let kept = cut + lost.min(need);
        (drain - (drain + kept - self.most).max(0), Some(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(replicas: i32, surge: i32, unavailable: i32) -> Bounds {
        Bounds { replicas, surge, unavailable }
    }

    #[test]
    fn a_weight_becomes_the_nearest_pod_counts() {
        let cases = [
            (bounds(10, 1, 0), 10, (1, 9)),
            (bounds(3, 1, 0), 50, (2, 2)),
            (bounds(1, 1, 0), 10, (1, 1)),
            (bounds(1, 0, 1), 10, (0, 1)),
            (bounds(5, 0, 1), 1, (1, 4)),
            (bounds(5, 0, 1), 99, (4, 1)),
            (bounds(0, 1, 0), 50, (0, 0)),
            (bounds(8, 1, 0), 25, (2, 6)),
            (bounds(4, 1, 0), 25, (1, 3)),
            (bounds(10, 3, 0), 0, (0, 10)),
            (bounds(10, 3, 0), 100, (10, 0)),
        ];
        for (bounds, weight, (new, stable)) in cases {
            assert_eq!(nearest(bounds, weight, 100), Split { new, stable }, "{bounds:?} at {weight}");
        }
    }

    #[test]
    fn shares_round_up_and_rise_to_the_least() {
        assert_eq!(share(10, 1, 100), 1);
        assert_eq!(share(10, 100, 100), 10);
        assert_eq!(share(4, 200, 100), 8);
        assert_eq!(at_least(1, Some(2), 10), 2);
        assert_eq!(at_least(0, Some(2), 10), 0);
        assert_eq!(at_least(1, Some(5), 3), 3);
    }

    #[test]
    fn broken_stable_pods_do_not_hold_the_new_version_back() {
        let stable = Some(Pods { spec: 10, available: 0 });
        let new = Some(Pods { spec: 3, available: 0 });
        let next = toward(bounds(10, 3, 2), Split { new: 10, stable: 0 }, new, stable, 0);
        assert!(next.stable < 10, "{next:?}");
    }
}
