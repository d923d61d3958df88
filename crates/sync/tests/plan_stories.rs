//! Plans, one scenario each: YAML in, short text out.

mod plan_world;

use plan_world::World;
use sync::plan::{HoldReason, Plan};

/// One plan of a scenario, whole.
#[track_caller]
fn check(scenario: &str, expected: &str) {
    same(&World::read(scenario).plan().to_string(), expected);
}

/// What happens call by call until nothing more does.
#[track_caller]
fn story(scenario: &str, expected: &str) {
    same(&World::read(scenario).story(60), expected);
}

/// How the operation ends: what is recorded, and what the next plan says of it.
#[track_caller]
fn last(scenario: &str, expected: &str) {
    let mut world = World::read(scenario);
    let ended = (0..60).map(|_| world.step()).find(|plan| plan.ended.is_some()).expect("the operation ends");
    let next = world.plan();
    let shown = format!("{}-- next\n{next}", Plan { sync: Default::default(), ..ended });
    same(shown.strip_prefix("Unknown\n").unwrap_or(&shown), expected);
}

/// What happens when `a` is changed by hand after a first sync, and again at once.
#[track_caller]
fn heal(scenario: &str, expected: &str) {
    let mut world = World::read(scenario);
    let mut shown = world.story(60);
    for _ in 0..2 {
        shown.push_str("-- a hand changes a\n");
        for stored in world.cluster.values_mut().filter(|stored| stored.object.name() == "a") {
            stored.hash = None;
        }
        shown.push_str(&world.story(60));
    }
    same(&shown, expected);
}

#[track_caller]
fn same(shown: &str, expected: &str) {
    let trimmed: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    let lines: Vec<&str> = shown.trim().lines().map(str::trim).collect();
    assert_eq!(lines.join("\n"), trimmed.join("\n"), "\n--- got ---\n{shown}");
}

// ---- order and waves

#[test]
fn a_first_sync_asks_then_applies_by_kind() {
    story(
        "
        want: [{kind: Deployment, name: web}, {name: b}, {kind: Service, name: web}, {name: a}]
        ",
        "
        dry run ConfigMap prod/a, new
        dry run ConfigMap prod/b, new
        dry run Service prod/web, new
        dry run apps/Deployment prod/web, new
        apply ConfigMap prod/a, new
        apply ConfigMap prod/b, new
        apply Service prod/web, new
        apply apps/Deployment prod/web, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn what_is_as_wanted_gets_its_row_without_a_request() {
    last(
        "
        want: [{name: a}, {name: b}]
        live: [{name: a}]
        ",
        "
        operation Succeeded: successfully synced (all tasks run)
          Sync ConfigMap prod/a Synced Running: configmap/a unchanged
          Sync ConfigMap prod/b Synced Running: configmap/b serverside-applied
        -- next
        Synced
          ConfigMap prod/a: Synced
          ConfigMap prod/b: Synced
        ",
    );
}

#[test]
fn the_last_wave_is_not_gated_on_health() {
    story(
        "
        want: [{kind: Deployment, name: web}]
        comesUp: {web: Progressing}
        ",
        "
        dry run apps/Deployment prod/web, new
        apply apps/Deployment prod/web, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn a_wave_waits_for_the_one_before() {
    story(
        "
        want: [{kind: Deployment, name: db, wave: -1}, {name: a}, {name: b, wave: 5}]
        comesUp: {db: Progressing}
        ",
        "
        dry run apps/Deployment prod/db, new
        dry run ConfigMap prod/a, new
        dry run ConfigMap prod/b, new
        apply apps/Deployment prod/db, new
        held ConfigMap prod/a: waiting for wave -1 of Sync: apps/Deployment prod/db is Progressing
        held ConfigMap prod/b: waiting for wave -1 of Sync: apps/Deployment prod/db is Progressing
        ",
    );
}

#[test]
fn waves_follow_each_other_a_moment_apart() {
    story(
        "
        want: [{kind: Deployment, name: db, wave: -1}, {name: a}]
        ",
        "
        dry run apps/Deployment prod/db, new
        dry run ConfigMap prod/a, new
        apply apps/Deployment prod/db, new
        held ConfigMap prod/a: the next wave starts at 2026-01-01T12:00:02Z
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn a_degraded_object_in_an_earlier_wave_fails_the_sync() {
    story(
        "
        want: [{kind: Deployment, name: db}, {name: a, wave: 1}]
        comesUp: {db: Degraded}
        ",
        "
        dry run apps/Deployment prod/db, new
        dry run ConfigMap prod/a, new
        apply apps/Deployment prod/db, new
        Failed: one or more synchronization tasks completed unsuccessfully, reason: apps/Deployment prod/db is Degraded
        ",
    );
}

#[test]
fn a_namespace_of_the_set_is_made_before_anything_is_asked_of_its_objects() {
    story(
        "
        namespaces: []
        want: [{name: a}, {kind: Namespace, name: prod, wave: 3}]
        ",
        "
        dry run Namespace prod, new
        apply Namespace prod, new
        dry run ConfigMap prod/a, new
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn a_crd_of_the_set_comes_before_its_objects() {
    story(
        "
        want: [{kind: Thing, name: one}, {kind: CustomResourceDefinition, name: things.example.com, wave: 2}, {name: a}]
        ",
        "
        dry run ConfigMap prod/a, new
        dry run apiextensions.k8s.io/CustomResourceDefinition things.example.com, new
        apply apiextensions.k8s.io/CustomResourceDefinition things.example.com, new
        dry run example.com/Thing prod/one, new
        apply ConfigMap prod/a, new
        apply example.com/Thing prod/one, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn prunes_run_in_the_reverse_order() {
    story(
        "
        want: [{name: keep}]
        live: [{name: keep}, {name: first, wave: 0}, {name: last, wave: 2}]
        ",
        "
        prune ConfigMap prod/last (u3@3)
        prune ConfigMap prod/first (u2@2)
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn prune_last_comes_last() {
    story(
        "
        app: {spec: {syncPolicy: {syncOptions: [PruneLast=true]}}}
        want: [{name: new, wave: 3}]
        live: [{name: old}]
        ",
        "
        dry run ConfigMap prod/new, new
        apply ConfigMap prod/new, new
        held ConfigMap prod/old: the next wave starts at 2026-01-01T12:00:02Z
        prune ConfigMap prod/old (u1@1)
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

// ---- validation

#[test]
fn one_refused_object_and_nothing_is_changed() {
    last(
        r#"
        want: [{name: a}, {name: bad}, {name: c}]
        refuse: {bad: 'ConfigMap "bad" is invalid'}
        "#,
        r#"
        operation Failed: one or more objects failed to apply (dry run), reason: ConfigMap "bad" is invalid (at all.yaml:2)
          Sync ConfigMap prod/bad SyncFailed Failed: ConfigMap "bad" is invalid (at all.yaml:2)
        -- next
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
          ConfigMap prod/bad: OutOfSync Missing
          ConfigMap prod/c: OutOfSync Missing
        SyncError: Failed sync attempt to abc1234def: one or more objects failed to apply (dry run), reason: ConfigMap "bad" is invalid (at all.yaml:2)
        "#,
    );
}

#[test]
fn a_version_that_is_gone_is_named_with_its_successor() {
    last(
        "
        app: {spec: {syncPolicy: {syncOptions: [CreateNamespace=true]}}}
        namespaces: []
        want: [{name: a}, {apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition, name: runs.example.com, defines: Run}]
        ",
        r#"
        operation Failed: one or more synchronization tasks are not valid, reason: The Kubernetes API could not find version "v1beta1" of apiextensions.k8s.io/CustomResourceDefinition for requested resource /runs.example.com. Version "v1" of apiextensions.k8s.io/CustomResourceDefinition is installed on the destination cluster. apiextensions.k8s.io/v1beta1 was removed in Kubernetes 1.22; the successor is apiextensions.k8s.io/v1. (at all.yaml:2)
          Sync apiextensions.k8s.io/CustomResourceDefinition runs.example.com SyncFailed Failed: The Kubernetes API could not find version "v1beta1" of apiextensions.k8s.io/CustomResourceDefinition for requested resource /runs.example.com. Version "v1" of apiextensions.k8s.io/CustomResourceDefinition is installed on the destination cluster. apiextensions.k8s.io/v1beta1 was removed in Kubernetes 1.22; the successor is apiextensions.k8s.io/v1. (at all.yaml:2)
        -- next
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
          apiextensions.k8s.io/CustomResourceDefinition runs.example.com: OutOfSync Missing
        SyncError: Failed sync attempt to abc1234def: one or more synchronization tasks are not valid, reason: The Kubernetes API could not find version "v1beta1" of apiextensions.k8s.io/CustomResourceDefinition for requested resource /runs.example.com. Version "v1" of apiextensions.k8s.io/CustomResourceDefinition is installed on the destination cluster. apiextensions.k8s.io/v1beta1 was removed in Kubernetes 1.22; the successor is apiextensions.k8s.io/v1. (at all.yaml:2)
        "#,
    );
}

#[test]
fn a_kind_the_cluster_lacks_is_named() {
    last(
        "
        want: [{kind: Widget, name: w}, {kind: Widget, name: v}]
        ",
        r#"
        operation Failed: one or more synchronization tasks are not valid, reason: The Kubernetes API could not find example.com/Widget for requested resource prod/v. Make sure the "Widget" CRD is installed on the destination cluster. (at all.yaml:2) (and 1 more)
          Sync example.com/Widget prod/v SyncFailed Failed: The Kubernetes API could not find example.com/Widget for requested resource prod/v. Make sure the "Widget" CRD is installed on the destination cluster. (at all.yaml:2)
          Sync example.com/Widget prod/w SyncFailed Failed: The Kubernetes API could not find example.com/Widget for requested resource prod/w. Make sure the "Widget" CRD is installed on the destination cluster. (at all.yaml:1)
        -- next
        OutOfSync
          example.com/Widget prod/v: OutOfSync Missing
          example.com/Widget prod/w: OutOfSync Missing
        SyncError: Failed sync attempt to abc1234def: one or more synchronization tasks are not valid, reason: The Kubernetes API could not find example.com/Widget for requested resource prod/v. Make sure the "Widget" CRD is installed on the destination cluster. (at all.yaml:2) (and 1 more)
        "#,
    );
}

#[test]
fn a_missing_kind_may_be_passed_over_until_its_turn() {
    story(
        "
        want: [{kind: Widget, name: w, options: SkipDryRunOnMissingResource=true, wave: 1}, {name: a}]
        ",
        r#"
        dry run ConfigMap prod/a, new
        apply ConfigMap prod/a, new
        held example.com/Widget prod/w: the next wave starts at 2026-01-01T12:00:02Z
        Failed: one or more objects failed to apply, reason: The Kubernetes API could not find example.com/Widget for requested resource prod/w. Make sure the "Widget" CRD is installed on the destination cluster. (at all.yaml:1)
        "#,
    );
}

#[test]
fn a_group_that_does_not_answer_is_waited_for() {
    story(
        "
        silent: {apps: '503 Service Unavailable'}
        want: [{kind: Deployment, name: web}, {name: a}]
        ",
        "
        held apps/Deployment prod/web: the API group apps does not answer: 503 Service Unavailable
        ",
    );
}

#[test]
fn a_kind_the_project_forbids_is_refused_before_anything() {
    last(
        "
        project: {sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}]}
        want: [{kind: ClusterRole, name: admin}, {name: a}]
        ",
        "
        operation Failed: one or more synchronization tasks are not valid, reason: rbac.authorization.k8s.io/ClusterRole admin: resource rbac.authorization.k8s.io:ClusterRole is not permitted in project default: allow rbac.authorization.k8s.io/ClusterRole in the whitelists of AppProject default, or take the object out of the source (at all.yaml:1)
          Sync rbac.authorization.k8s.io/ClusterRole admin SyncFailed Failed: resource rbac.authorization.k8s.io:ClusterRole is not permitted in project default: allow rbac.authorization.k8s.io/ClusterRole in the whitelists of AppProject default, or take the object out of the source (at all.yaml:1)
        -- next
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
          rbac.authorization.k8s.io/ClusterRole admin: Unknown Missing
        SyncError: Failed sync attempt to abc1234def: one or more synchronization tasks are not valid, reason: rbac.authorization.k8s.io/ClusterRole admin: resource rbac.authorization.k8s.io:ClusterRole is not permitted in project default: allow rbac.authorization.k8s.io/ClusterRole in the whitelists of AppProject default, or take the object out of the source (at all.yaml:1)
        ",
    );
}

#[test]
fn a_namespace_the_project_forbids_is_refused() {
    last(
        "
        project: {sourceRepos: ['*'], destinations: [{server: '*', namespace: prod}]}
        want: [{name: a, namespace: kube-system}]
        ",
        "
        operation Failed: one or more synchronization tasks are not valid, reason: application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' do not match any of the allowed destinations in project 'default': add it to destinations of AppProject default (at all.yaml:1)
          Sync ConfigMap kube-system/a SyncFailed Failed: application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' do not match any of the allowed destinations in project 'default': add it to destinations of AppProject default (at all.yaml:1)
        -- next
        OutOfSync
          ConfigMap kube-system/a: OutOfSync Missing
        SyncError: Failed sync attempt to abc1234def: one or more synchronization tasks are not valid, reason: application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' do not match any of the allowed destinations in project 'default': add it to destinations of AppProject default (at all.yaml:1)
        ",
    );
}

#[test]
fn a_missing_namespace_is_named_with_the_option() {
    last(
        "
        namespaces: []
        want: [{name: a}]
        ",
        r#"
        operation Failed: one or more objects failed to apply, reason: namespaces "prod" not found: make it, or add CreateNamespace=true to spec.syncPolicy.syncOptions
          Sync ConfigMap prod/a SyncFailed Failed: namespaces "prod" not found: make it, or add CreateNamespace=true to spec.syncPolicy.syncOptions
        -- next
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
        SyncError: Failed sync attempt to abc1234def: one or more objects failed to apply, reason: namespaces "prod" not found: make it, or add CreateNamespace=true to spec.syncPolicy.syncOptions
        "#,
    );
}

#[test]
fn a_refusal_only_the_real_apply_shows_leaves_the_rest() {
    last(
        "
        want: [{name: a}, {name: bad}, {kind: Service, name: web}]
        refuseApply: {bad: 'denied by the webhook policy'}
        ",
        "
        operation Failed: one or more objects failed to apply, reason: ConfigMap prod/bad: denied by the webhook policy
          Sync ConfigMap prod/a Synced Running: configmap/a serverside-applied
          Sync ConfigMap prod/bad SyncFailed Failed: denied by the webhook policy
          Sync Service prod/web Synced Running: service/web serverside-applied
        -- next
        OutOfSync
          ConfigMap prod/a: Synced
          ConfigMap prod/bad: OutOfSync Missing
          Service prod/web: Synced
        SyncError: Failed sync attempt to abc1234def: one or more objects failed to apply, reason: ConfigMap prod/bad: denied by the webhook policy
        ",
    );
}

#[test]
fn a_namespace_being_deleted_is_waited_for() {
    check(
        "
        terminating: [prod]
        want: [{name: a}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
        held Namespace prod: namespace prod is being deleted: waiting until it is gone
        wake 2026-01-01T12:00:05Z
        operation Running: namespace prod is being deleted: waiting until it is gone
        ",
    );
}

#[test]
fn an_object_being_deleted_is_waited_for() {
    story(
        "
        want: [{name: a}]
        live: [{name: a, deleting: true, finalizers: [example.com/keep], verdict: OutOfSync}]
        ",
        "
        held ConfigMap prod/a: it is being deleted (finalizers: example.com/keep); it is made again once it is gone
        ",
    );
}

// ---- namespaces

#[test]
fn create_namespace_makes_it_first() {
    story(
        "
        app: {spec: {syncPolicy: {syncOptions: [CreateNamespace=true], managedNamespaceMetadata: {labels: {team: a}}}}}
        namespaces: []
        want: [{name: a}]
        ",
        "
        create namespace prod team=a
        dry run ConfigMap prod/a, new
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn labels_of_the_namespace_are_kept_up() {
    story(
        "
        app: {spec: {syncPolicy: {syncOptions: [CreateNamespace=true], managedNamespaceMetadata: {labels: {team: a}}}}}
        want: [{name: a}]
        live: []
        ",
        "
        dry run ConfigMap prod/a, new
        create namespace prod team=a
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

// ---- prune

#[test]
fn an_untracked_object_is_never_pruned() {
    check(
        "
        want: [{name: a}]
        live: [{name: a}, {name: b, owner: none}, {name: c, owner: 'shop:/ConfigMap:prod/other'}, {name: d, owner: other}, {name: e, controlled: true}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        ",
    );
}

#[test]
fn an_object_gone_from_the_source_is_pruned() {
    story(
        "
        want: [{name: a}]
        live: [{name: a}, {name: old}]
        ",
        "
        prune ConfigMap prod/old (u2@2)
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn prune_off_is_named() {
    check(
        "
        app: {spec: {syncPolicy: {automated: {prune: false}}}}
        want: [{name: a}]
        live: [{name: a}, {name: old}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: Synced
          ConfigMap prod/old: OutOfSync, requires pruning
        held argoproj.io/Application argocd/shop: it is no longer in the source and prune is off: ask for a sync with prune, or set automated.prune
        ",
    );
}

#[test]
fn prune_false_keeps_an_object() {
    last(
        "
        want: [{name: a}]
        live: [{name: old, options: Prune=false}]
        ",
        "
        operation Succeeded: successfully synced (all tasks run)
          Sync ConfigMap prod/old PruneSkipped Succeeded: ignored (no prune): its options say Prune=false
          Sync ConfigMap prod/a Synced Running: configmap/a serverside-applied
        -- next
        OutOfSync
          ConfigMap prod/a: Synced
          ConfigMap prod/old: OutOfSync, requires pruning
        held ConfigMap prod/old: it is no longer in the source and is not pruned: its options say Prune=false
        ",
    );
}

#[test]
fn prune_confirm_waits_for_the_user() {
    story(
        "
        want: [{name: a}]
        live: [{name: old, options: Prune=confirm}, {name: a}]
        ",
        "
        held ConfigMap prod/old: deletion must be confirmed: set the annotation argocd.argoproj.io/deletion-approved on the Application
        ",
    );
}

#[test]
fn a_confirmed_prune_goes_on() {
    story(
        "
        app: {metadata: {annotations: {argocd.argoproj.io/deletion-approved: '2026-01-01T12:00:00Z'}}}
        want: [{name: a}]
        live: [{name: old, options: Prune=confirm}, {name: a}]
        ",
        "
        prune ConfigMap prod/old (u1@1)
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn an_empty_source_prunes_nothing() {
    check(
        "
        want: []
        live: [{name: a}, {name: b}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync, requires pruning
          ConfigMap prod/b: OutOfSync, requires pruning
        SyncError: Skipping sync attempt to abc1234def: auto-sync will wipe out all resources. Set automated.allowEmpty if that is meant.
        ",
    );
}

#[test]
fn an_empty_source_prunes_with_allow_empty() {
    story(
        "
        app: {spec: {syncPolicy: {automated: {allowEmpty: true}}}}
        want: []
        live: [{name: a}, {name: b}]
        ",
        "
        prune ConfigMap prod/a (u1@1)
        prune ConfigMap prod/b (u2@2)
        Succeeded: successfully synced (no more tasks)
        ",
    );
}

#[test]
fn a_manual_prune_of_an_empty_source_needs_allow_empty_too() {
    last(
        "
        app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {prune: true}}}
        want: []
        live: [{name: a}]
        ",
        "
        operation Succeeded: successfully synced (all tasks run)
          Sync ConfigMap prod/a PruneSkipped Succeeded: ignored (no prune): the source holds no object at all; set automated.allowEmpty if that is meant
        clear request
        -- next
        OutOfSync
          ConfigMap prod/a: OutOfSync, requires pruning
        held argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set spec.syncPolicy.automated
        ",
    );
}

#[test]
fn a_crd_is_never_pruned() {
    check(
        "
        want: [{name: a}]
        live: [{name: a}, {kind: CustomResourceDefinition, name: things.example.com}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        ",
    );
}

#[test]
fn a_kind_that_could_not_be_listed_is_neither_missing_nor_pruned() {
    check(
        "
        unlisted: {Service: forbidden}
        want: [{name: a}]
        live: [{name: a}]
        app: {status: {resources: [{kind: Service, version: v1, namespace: prod, name: old, status: Synced}]}}
        ",
        "
        Unknown
          ConfigMap prod/a: Synced
          Service prod/old: Unknown
        held Service prod/old: it could not be read, so it is left alone: forbidden
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        ",
    );
}

#[test]
fn a_wanted_object_of_an_unlisted_kind_makes_the_whole_unknown() {
    check(
        "
        unlisted: {Service: forbidden}
        want: [{name: a}, {kind: Service, name: web}]
        ",
        "
        Unknown
          ConfigMap prod/a: OutOfSync Missing
          Service prod/web: Unknown
        held Service prod/web: it could not be read, so it is left alone: forbidden
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        ",
    );
}

#[test]
fn a_mark_alone_does_not_make_an_object_ours() {
    check(
        "
        want: [{name: a}]
        live: [{name: a}, {name: strange, inventory: false}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        held ConfigMap prod/strange: it is no longer in the source and is not pruned: its mark names this Application, which never had it in its status: another installation's may have
        ",
    );
}

#[test]
fn a_label_alone_does_not_make_an_object_ours() {
    check(
        "
        tracking: label
        want: [{name: a}]
        live: [{name: a}, {name: copied}, {name: old}]
        app: {status: {resources: [{kind: ConfigMap, version: v1, namespace: prod, name: old, status: Synced}]}}
        ",
        "
        OutOfSync
          ConfigMap prod/a: Synced
          ConfigMap prod/old: OutOfSync, requires pruning
        Sync 0:
          prune ConfigMap prod/old (u3@3)
        held ConfigMap prod/copied: it is no longer in the source and is not pruned: its label may have been copied, for it was never in this Application's status
        operation Running: syncing wave 0 of Sync
          Sync ConfigMap prod/a Synced Running: configmap/a unchanged
        ",
    );
}

#[test]
fn a_broken_render_prunes_nothing_and_keeps_the_inventory() {
    check(
        "
        broken: 'values.yaml: yaml: line 3: did not find expected key'
        live: [{name: a}]
        app: {status: {resources: [{kind: Service, version: v1, namespace: prod, name: web, status: Synced}]}}
        ",
        "
        Unknown
          ConfigMap prod/a: Unknown
          Service prod/web: Unknown
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        ComparisonError: Failed to load target state: values.yaml: yaml: line 3: did not find expected key (mend it)
        ",
    );
}

#[test]
fn the_agents_own_namespace_is_never_pruned() {
    story(
        "
        want: [{name: a}]
        live: [{name: a}, {kind: Namespace, name: argocd}]
        ",
        "
        Succeeded: successfully synced (all tasks run)
        held Namespace argocd: it is no longer in the source and is not pruned: the Application or its agent lives in it
        ",
    );
}

#[test]
fn what_is_extraneous_on_purpose_does_not_count() {
    check(
        "
        app: {spec: {syncPolicy: {automated: null}}}
        want: [{name: a}]
        live: [{name: a}, {name: extra, compare: IgnoreExtraneous}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
          ConfigMap prod/extra: OutOfSync, requires pruning
        ",
    );
}

// ---- gates

#[test]
fn without_automation_nothing_starts_by_itself() {
    check(
        "
        app: {spec: {syncPolicy: {automated: null}}}
        want: [{name: a}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
        held argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set spec.syncPolicy.automated
        ",
    );
}

#[test]
fn a_request_is_honoured_and_taken_away() {
    story(
        "
        app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {}, initiatedBy: {username: ann}}}
        want: [{name: a}]
        live: [{name: old}]
        ",
        "
        dry run ConfigMap prod/a, new
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        held argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set spec.syncPolicy.automated
        ",
    );
}

#[test]
fn a_selective_sync_touches_only_what_it_names() {
    story(
        "
        app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {resources: [{kind: ConfigMap, name: b}]}}}
        want: [{name: a}, {name: b}, {name: hook, kind: Job, hook: PreSync}]
        ",
        "
        dry run ConfigMap prod/b, new
        apply ConfigMap prod/b, new
        Succeeded: successfully synced (all tasks run)
        held argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set spec.syncPolicy.automated
        ",
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    last(
        "
        app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {dryRun: true, prune: true}}}
        want: [{name: a}, {name: b}]
        live: [{name: old}, {name: a}]
        ",
        "
        operation Succeeded: successfully synced (dry run)
          Sync ConfigMap prod/a Synced Succeeded: configmap/a unchanged (dry run)
          Sync ConfigMap prod/b Synced Succeeded: configmap/b configured (dry run)
          Sync ConfigMap prod/old Pruned Succeeded: configmap/old pruned (dry run)
        clear request
        -- next
        OutOfSync
          ConfigMap prod/a: Synced
          ConfigMap prod/b: OutOfSync Missing
          ConfigMap prod/old: OutOfSync, requires pruning
        held argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set spec.syncPolicy.automated
        ",
    );
}

#[test]
fn a_failed_revision_is_not_tried_again() {
    last(
        "
        want: [{name: bad}]
        refuse: {bad: no}
        ",
        "
        operation Failed: one or more objects failed to apply (dry run), reason: ConfigMap prod/bad: no (at all.yaml:1)
          Sync ConfigMap prod/bad SyncFailed Failed: no (at all.yaml:1)
        -- next
        OutOfSync
          ConfigMap prod/bad: OutOfSync Missing
        SyncError: Failed sync attempt to abc1234def: one or more objects failed to apply (dry run), reason: ConfigMap prod/bad: no (at all.yaml:1)
        ",
    );
}

#[test]
fn retries_wait_longer_each_time() {
    story(
        "
        app: {spec: {syncPolicy: {retry: {limit: 2}}}}
        want: [{name: bad}]
        refuse: {bad: no}
        ",
        "
        dry run ConfigMap prod/bad, new
        held argoproj.io/Application argocd/shop: retry 1 starts at 2026-01-01T12:00:10Z
        dry run ConfigMap prod/bad, new
        held argoproj.io/Application argocd/shop: retry 2 starts at 2026-01-01T12:00:30Z
        dry run ConfigMap prod/bad, new
        Failed: one or more objects failed to apply (dry run), reason: ConfigMap prod/bad: no (at all.yaml:1) (retried 2 times).
        ",
    );
}

#[test]
fn nobody_waits_for_an_hour_that_comes_round_again() {
    let mut world = World::read(
        "{app: {spec: {syncPolicy: {retry: {limit: 2}}}}, want: [{name: bad}], refuse: {bad: no}}",
    );
    let waits =
        |plan: &Plan| plan.held.iter().any(|held| matches!(held.reason, HoldReason::RetryBackoff { .. }));
    while !waits(&world.step()) {}
    assert!(waits(&world.step()), "it waits for its retry");
    world.set_clock(-3600);
    let plan = world.step();
    assert!(!waits(&plan) && !plan.batches.is_empty(), "it waits for a moment an hour away:\n{plan}");
}

#[test]
fn drift_is_healed_at_once_and_alone() {
    heal(
        "
        want: [{name: a}, {name: b}]
        ",
        "
        dry run ConfigMap prod/a, new
        dry run ConfigMap prod/b, new
        apply ConfigMap prod/a, new
        apply ConfigMap prod/b, new
        Succeeded: successfully synced (all tasks run)
        -- a hand changes a
        apply ConfigMap prod/a
        Succeeded: successfully synced (all tasks run)
        -- a hand changes a
        held argoproj.io/Application argocd/shop: self-heal waits until 2026-01-01T12:00:02Z, after 1 in a row
        apply ConfigMap prod/a
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn self_heal_off_is_named() {
    heal(
        "
        app: {spec: {syncPolicy: {automated: {selfHeal: false}}}}
        want: [{name: a}, {name: b}]
        ",
        "
        dry run ConfigMap prod/a, new
        dry run ConfigMap prod/b, new
        apply ConfigMap prod/a, new
        apply ConfigMap prod/b, new
        Succeeded: successfully synced (all tasks run)
        -- a hand changes a
        held argoproj.io/Application argocd/shop: the cluster has drifted since the last sync and selfHeal is off
        -- a hand changes a
        held argoproj.io/Application argocd/shop: the cluster has drifted since the last sync and selfHeal is off
        ",
    );
}

#[test]
fn a_shared_object_is_not_fought_over() {
    check(
        "
        others: [other]
        want: [{name: a}]
        live: [{name: a, owner: other, verdict: OutOfSync}]
        app: {status: {operationState: {phase: Succeeded, operation: {sync: {}}, finishedAt: '2026-01-01T10:00:00Z', syncResult: {revision: abc1234def, source: {repoURL: 'https://git.example.com/shop.git', path: deploy}}}}}
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync
        held ConfigMap prod/a: Application other claims it too: take it out of one of them
        SharedResourceWarning: ConfigMap/a is part of applications argocd/shop and other. Take it out of one of them.
        ",
    );
}

#[test]
fn what_is_stuck_in_deletion_is_not_healed_without_end() {
    story(
        "
        want: [{name: a}]
        live: [{name: a}, {name: stuck, deleting: true, finalizers: [example.com/held]}]
        app: {status: {operationState: {phase: Succeeded, operation: {sync: {}}, finishedAt: '2026-01-01T10:00:00Z', syncResult: {revision: abc1234def, source: {repoURL: 'https://git.example.com/shop.git', path: deploy}}}}}
        ",
        "
        held ConfigMap prod/stuck: waiting for deletion of ConfigMap prod/stuck (finalizers: example.com/held)
        ",
    );
}

#[test]
fn fail_on_shared_resource_fails() {
    story(
        "
        app: {spec: {syncPolicy: {syncOptions: [FailOnSharedResource=true]}}}
        others: [other]
        want: [{name: a}]
        live: [{name: a, owner: other, verdict: OutOfSync}]
        ",
        "
        Failed: Shared resource found: ConfigMap/a is part of applications argocd/shop and other. Take it out of one of them.
        ",
    );
}

#[test]
fn nothing_starts_while_the_comparison_is_unknown() {
    check(
        "
        want: [{name: a}]
        live: [{name: a, verdict: Unknown}]
        ",
        "
        Unknown
          ConfigMap prod/a: Unknown
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        ",
    );
}

#[test]
fn a_missing_project_is_named() {
    check(
        "
        project: missing
        want: [{name: a}]
        live: [{name: a}]
        ",
        "
        Unknown
          ConfigMap prod/a: Unknown
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        InvalidSpecError: Application referencing project default which does not exist. Make an AppProject default, or name another one in spec.project.
        ",
    );
}

#[test]
fn a_forbidden_repository_is_named() {
    check(
        "
        project: {sourceRepos: ['https://other.example/*'], destinations: [{server: '*', namespace: prod}]}
        want: [{name: a}]
        ",
        "
        Unknown
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        InvalidSpecError: application repo https://git.example.com/shop.git is not permitted in project 'default': add it to sourceRepos of AppProject default
        ",
    );
}

#[test]
fn a_forbidden_destination_is_named() {
    check(
        "
        project: {sourceRepos: ['*'], destinations: [{server: '*', namespace: test}]}
        want: [{name: a}]
        ",
        "
        Unknown
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        InvalidSpecError: application destination server 'https://kubernetes.default.svc' and namespace 'prod' do not match any of the allowed destinations in project 'default': add it to destinations of AppProject default
        ",
    );
}

#[test]
fn sources_that_say_too_little_are_named() {
    for (source, words) in [
        ("{path: null}", "spec.source.repoURL and either spec.source.path or spec.source.chart are required"),
        (
            "{repoURL: ''}",
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
        ),
        (
            "{path: null, chart: web}",
            "spec.source.targetRevision is required if the manifest source is a helm chart",
        ),
    ] {
        let scenario = format!("app: {{spec: {{source: {source}}}}}\nwant: [{{name: a}}]\n");
        let plan = World::read(&scenario).plan();
        assert!(plan.batches.is_empty(), "{plan}");
        assert_eq!(plan.conditions.len(), 1, "{plan}");
        assert_eq!(
            (plan.conditions[0].kind.as_str(), plan.conditions[0].message.as_str()),
            ("InvalidSpecError", words)
        );
    }
    let several = "app: {spec: {sources: [{repoURL: 'https://h/a', ref: values}, {repoURL: 'https://h/b', path: p}]}}\n";
    assert_eq!(World::read(several).plan().conditions, []);
}

#[test]
fn an_unknown_destination_is_named() {
    check(
        "
        app: {spec: {destination: {server: 'https://elsewhere'}}}
        want: [{name: a}]
        ",
        r#"
        Unknown
        held argoproj.io/Application argocd/shop: nothing is changed while the comparison is Unknown
        InvalidSpecError: error getting cluster by server "https://elsewhere": cluster "https://elsewhere" not found. Correct spec.destination.
        "#,
    );
}

// ---- operation

#[test]
fn a_termination_stops_hooks_and_is_not_retried() {
    story(
        "
        app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {}, retry: {limit: 3}}, status: {operationState: {phase: Terminating, operation: {sync: {}, retry: {limit: 3}}, startedAt: '2026-01-01T11:00:00Z', syncResult: {revision: abc1234def, resources: [{group: batch, version: v1, kind: Job, namespace: prod, name: migrate, hookType: PreSync, hookPhase: Running, syncPhase: PreSync}]}}}}
        want: [{name: a}, {kind: Job, name: migrate, hook: PreSync}]
        live: [{kind: Job, name: migrate, hook: PreSync, health: Progressing}]
        ",
        "
        delete hook batch/Job prod/migrate (u1@1)
        Failed: Operation terminated
        held argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set spec.syncPolicy.automated
        ",
    );
}

#[test]
fn an_operation_that_was_interrupted_goes_on() {
    story(
        "
        app: {status: {operationState: {phase: Running, operation: {sync: {revision: abc1234def}, initiatedBy: {automated: true}}, startedAt: '2026-01-01T11:00:00Z', syncResult: {revision: abc1234def, resources: [{version: v1, kind: ConfigMap, namespace: prod, name: a, status: Synced, hookPhase: Running, syncPhase: Sync, message: configmap/a created}]}}}}
        want: [{name: a}, {name: b}]
        live: [{name: a}]
        ",
        "
        apply ConfigMap prod/b, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn replace_and_force_write_everything_again() {
    story(
        "
        app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {syncStrategy: {hook: {force: true}}, syncOptions: [Replace=true, Validate=false, RespectIgnoreDifferences=true, ClientSideApplyMigration=false]}}}
        want: [{name: a}]
        live: [{name: a}]
        ",
        "
        apply ConfigMap prod/a, replace, force, without validation, respecting ignored fields, without taking over
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn an_object_may_ask_for_client_side_apply() {
    story(
        "
        want: [{name: a, options: ServerSideApply=false}, {name: b, options: Replace=true}]
        ",
        "
        dry run ConfigMap prod/a, client-side, new
        dry run ConfigMap prod/b, replace, new
        apply ConfigMap prod/a, client-side, new
        apply ConfigMap prod/b, replace, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

// ---- hooks

#[test]
fn hooks_run_around_the_sync() {
    story(
        "
        want: [{kind: Job, name: migrate, hook: PreSync}, {name: a}, {kind: Job, name: tell, hook: PostSync, deletePolicy: HookSucceeded}]
        ",
        "
        dry run batch/Job prod/migrate, hook, new
        dry run ConfigMap prod/a, new
        dry run batch/Job prod/tell, hook, new
        apply batch/Job prod/migrate, hook, new
        held ConfigMap prod/a: the next wave starts at 2026-01-01T12:00:02Z
        held batch/Job prod/tell: the next wave starts at 2026-01-01T12:00:02Z
        apply ConfigMap prod/a, new
        held batch/Job prod/tell: the next wave starts at 2026-01-01T12:00:04Z
        apply batch/Job prod/tell, hook, new
        delete hook batch/Job prod/tell (u3@3)
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn a_hook_is_waited_for() {
    story(
        "
        want: [{kind: Job, name: migrate, hook: PreSync}, {name: a}]
        comesUp: {migrate: Progressing}
        ",
        "
        dry run batch/Job prod/migrate, hook, new
        dry run ConfigMap prod/a, new
        apply batch/Job prod/migrate, hook, new
        held ConfigMap prod/a: waiting for completion of hook batch/Job prod/migrate
        held batch/Job prod/migrate: waiting for completion of hook batch/Job prod/migrate
        ",
    );
}

#[test]
fn a_failed_hook_fails_the_sync_and_runs_sync_fail_hooks() {
    story(
        "
        want: [{kind: Job, name: migrate, hook: PreSync, deletePolicy: HookFailed}, {name: a}, {kind: Job, name: alarm, hook: SyncFail}]
        comesUp: {migrate: Degraded}
        ",
        "
        dry run batch/Job prod/migrate, hook, new
        dry run ConfigMap prod/a, new
        dry run batch/Job prod/alarm, hook, new
        apply batch/Job prod/migrate, hook, new
        delete hook batch/Job prod/migrate (u1@1)
        apply batch/Job prod/alarm, hook, new
        Failed: one or more synchronization tasks completed unsuccessfully, reason: batch/Job prod/migrate is Degraded
        ",
    );
}

#[test]
fn a_hook_of_an_earlier_run_goes_first() {
    story(
        "
        want: [{kind: Job, name: migrate, hook: PreSync}, {name: a}]
        live: [{kind: Job, name: migrate, hook: PreSync, health: Healthy, creationTimestamp: '2025-12-01T00:00:00Z', finalizers: [argocd.argoproj.io/hook-finalizer]}]
        ",
        "
        dry run ConfigMap prod/a, new
        delete hook batch/Job prod/migrate (u1@1), without its finalizer
        dry run batch/Job prod/migrate, hook, new
        apply batch/Job prod/migrate, hook, new
        held ConfigMap prod/a: the next wave starts at 2026-01-01T12:00:02Z
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn a_generated_name_is_the_same_in_every_call() {
    story(
        "
        want: [{kind: Job, generateName: migrate-, hook: PreSync}, {name: a}]
        ",
        "
        dry run ConfigMap prod/a, new
        apply batch/Job prod/migrate-abc1234-presync-1767268800, hook, new
        held ConfigMap prod/a: the next wave starts at 2026-01-01T12:00:02Z
        apply ConfigMap prod/a, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

#[test]
fn a_hook_takes_nobody_elses_object() {
    story(
        "
        want: [{kind: Job, name: migrate, hook: PreSync}, {name: a}]
        live: [{kind: Job, name: migrate, owner: none, health: Healthy}]
        ",
        "
        dry run ConfigMap prod/a, new
        Failed: one or more objects failed to apply, reason: batch/Job prod/migrate exists and is not this Application's: give the hook another name
        ",
    );
}

#[test]
fn skip_is_never_applied() {
    story(
        "
        want: [{name: a, hook: Skip}, {name: b}]
        ",
        "
        dry run ConfigMap prod/b, new
        apply ConfigMap prod/b, new
        Succeeded: successfully synced (all tasks run)
        ",
    );
}

// ---- deletion

#[test]
fn waves_go_downwards() {
    story(
        "
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io]}}
        want: []
        live: [{name: a}, {name: b, wave: 1}, {name: kept, options: Delete=false}, {name: helm, policy: keep}, {kind: CustomResourceDefinition, name: things.example.com}, {name: foreign, owner: none}]
        ",
        "
        delete ConfigMap prod/b (u2@2)
        delete ConfigMap prod/a (u1@1)
        remove finalizers resources-finalizer.argocd.argoproj.io
        ",
    );
}

#[test]
fn without_a_finalizer_nothing_is_deleted() {
    check(
        "
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [example.com/other]}}
        want: [{name: a}]
        live: [{name: a}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        ",
    );
}

#[test]
fn a_missing_project_holds_a_deletion() {
    check(
        "
        project: missing
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io]}}
        live: [{name: a}]
        ",
        "
        Unknown
          ConfigMap prod/a: Unknown
        held argoproj.io/Application argocd/shop: AppProject default does not exist: make it again, so that the Application's objects can be deleted
        wake 2026-01-01T12:00:10Z
        ",
    );
}

#[test]
fn an_unlisted_kind_holds_a_deletion() {
    check(
        "
        unlisted: {Service: forbidden}
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io]}, status: {resources: [{kind: Service, version: v1, namespace: prod, name: web, status: Synced}]}}
        live: []
        ",
        "
        Unknown
          Service prod/web: Unknown
        held Service prod/web: it could not be read, so it is left alone: forbidden
        wake 2026-01-01T12:00:10Z
        ",
    );
}

#[test]
fn an_unknown_cluster_lets_the_application_go() {
    check(
        "
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io, example.com/other]}, spec: {destination: {server: 'https://gone'}}}
        live: [{name: a}]
        ",
        "
        Unknown
          ConfigMap prod/a: Unknown
        Sync 0:
          remove finalizers resources-finalizer.argocd.argoproj.io
        ",
    );
}

#[test]
fn a_deletion_waits_for_what_is_leaving() {
    check(
        "
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io/background]}}
        want: []
        live: [{name: a, deleting: true, finalizers: [example.com/slow]}, {name: b}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync, requires pruning
          ConfigMap prod/b: OutOfSync, requires pruning
        held ConfigMap prod/a: waiting for deletion of ConfigMap prod/a (finalizers: example.com/slow)
        wake 2026-01-01T12:00:10Z
        ",
    );
}

#[test]
fn a_deletion_may_ask_for_confirmation() {
    check(
        "
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io/background]}, spec: {syncPolicy: {syncOptions: [Delete=confirm]}}}
        live: [{name: a}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync, requires pruning, requires confirmation
        held ConfigMap prod/a: deletion must be confirmed: set the annotation argocd.argoproj.io/deletion-approved on the Application
        wake 2026-01-01T12:00:10Z
        ",
    );
}

#[test]
fn a_circle_of_applications_does_not_wait_for_itself() {
    story(
        "
        cycle: [other, shop]
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [resources-finalizer.argocd.argoproj.io]}}
        live: [{kind: Application, name: other, namespace: argocd, deleting: true}, {name: a}]
        ",
        "
        delete ConfigMap prod/a (u2@2)
        remove finalizers resources-finalizer.argocd.argoproj.io
        ",
    );
}

#[test]
fn hooks_run_around_a_deletion() {
    story(
        "
        app: {metadata: {deletionTimestamp: '2026-01-01T11:00:00Z', finalizers: [pre-delete-finalizer.argocd.argoproj.io, resources-finalizer.argocd.argoproj.io, post-delete-finalizer.argocd.argoproj.io, post-delete-finalizer.argocd.argoproj.io/cleanup]}}
        want: [{name: a}, {kind: Job, name: before, hook: PreDelete}, {kind: Job, name: after, hook: PostDelete, deletePolicy: HookSucceeded}]
        live: [{name: a}]
        ",
        "
        apply batch/Job prod/before, hook, new
        remove finalizers pre-delete-finalizer.argocd.argoproj.io
        delete ConfigMap prod/a (u1@1)
        delete batch/Job prod/before (u2@2)
        remove finalizers resources-finalizer.argocd.argoproj.io
        apply batch/Job prod/after, hook, new
        remove finalizers post-delete-finalizer.argocd.argoproj.io
        delete hook batch/Job prod/after (u3@3)
        remove finalizers post-delete-finalizer.argocd.argoproj.io/cleanup
        ",
    );
}

// ---- circles

#[test]
fn a_circle_is_named_and_not_pruned() {
    story(
        "
        cycle: [other, shop]
        want: [{name: a}]
        live: [{name: a}, {kind: Application, name: other, namespace: argocd}]
        ",
        "
        Succeeded: successfully synced (all tasks run)
        held argoproj.io/Application argocd/other: it is no longer in the source and is not pruned: it manages this very Application
        ",
    );
}

#[test]
fn a_source_that_is_away_is_named_and_its_last_state_is_kept_up() {
    check(
        "
        stale: [could not read https://git.example.com/shop]
        want: [{name: a}]
        live: [{name: a}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        StaleSourceWarning: could not read https://git.example.com/shop. What was last read of it stays in force until it answers.
        ",
    );
}

#[test]
fn what_the_server_does_not_take_is_named_while_it_is_tried_again() {
    check(
        "
        unanswered: 'ConfigMap prod/a: failed calling webhook'
        want: [{name: a}]
        ",
        "
        OutOfSync
          ConfigMap prod/a: OutOfSync Missing
        Sync 0:
          dry run ConfigMap prod/a, new
        operation Running: asking the server (dry run)
        UnansweredRequestWarning: The API server did not take ConfigMap prod/a: failed calling webhook. It is asked again until it does.
        ",
    );
}

#[test]
fn a_revision_that_a_rollout_gave_up_is_named_and_not_tried_again() {
    check(
        "
        rejected: ['Revision abc is rejected by Rollout prod/web (web:2): too many errors']
        want: [{name: a}]
        live: [{name: a}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        RejectedRevisionWarning: Revision abc is rejected by Rollout prod/web (web:2): too many errors.
        ",
    );
}

#[test]
fn an_application_that_manages_itself_is_named() {
    check(
        "
        cycle: [shop]
        want: [{name: a}]
        live: [{name: a}]
        ",
        "
        Synced
          ConfigMap prod/a: Synced
        CyclicApplicationWarning: Application shop manages itself. Take it out of its own sources; until then none of them is pruned or deleted with another.
        ",
    );
}

// ---- several calls

#[test]
fn a_newer_commit_overtakes_a_waiting_sync() {
    let mut world =
        World::read("want: [{kind: Deployment, name: db, wave: -1}, {name: a}]\ncomesUp: {db: Progressing}");
    world.story(60);
    world.revision = "fff0000".to_owned();
    world.wanted[1] = serde_json::json!({"name": "b"});
    same(
        &world.story(60),
        "dry run ConfigMap prod/b, new
        Failed: superseded by fff0000 before it was complete
        held ConfigMap prod/b: waiting for wave -1 of Sync: apps/Deployment prod/db is Progressing",
    );
    let state = world.application().status.operation_state.expect("it runs");
    assert_eq!(state.sync_result.expect("it has a result").revision, "fff0000");
}

#[test]
fn a_newer_commit_does_not_break_into_a_running_hook() {
    let mut world = World::read(
        "want: [{kind: Job, name: migrate, hook: PreSync}, {name: a}]\ncomesUp: {migrate: Progressing}",
    );
    world.story(60);
    world.revision = "fff0000".to_owned();
    same(
        &world.story(60),
        "held ConfigMap prod/a: waiting for completion of hook batch/Job prod/migrate
        held batch/Job prod/migrate: waiting for completion of hook batch/Job prod/migrate",
    );
}

#[test]
fn a_new_commit_ends_the_wait_after_a_failure() {
    let mut world = World::read("want: [{name: bad}]\nrefuse: {bad: no}");
    world.story(60);
    world.revision = "fff0000".to_owned();
    world.wanted = vec![serde_json::json!({"name": "good"})];
    same(
        &world.story(60),
        "dry run ConfigMap prod/good, new
        apply ConfigMap prod/good, new
        Succeeded: successfully synced (all tasks run)",
    );
}

#[test]
fn a_request_is_tied_to_its_revision() {
    let world =
        World::read("app: {spec: {syncPolicy: {automated: null}}, operation: {sync: {revision: v1}}}");
    let pinned = sync::plan::pinned(&world.application()).expect("a revision is named");
    assert_eq!(pinned.revision, "v1");
    let free = World::read("app: {operation: {sync: {}}}");
    assert_eq!(sync::plan::pinned(&free.application()), None);
}

#[test]
fn only_whole_successful_syncs_become_history() {
    let mut world = World::read("want: [{name: a}]");
    let ended = |world: &mut World| (0..60).find_map(|_| world.step().ended).expect("the operation ends");
    assert!(sync::plan::keeps_history(&ended(&mut world)));
    world.cluster.clear();
    assert!(!sync::plan::keeps_history(&ended(&mut world)), "a self-heal leaves no entry");
}

#[track_caller]
fn cause(scenario: &str, health: model::application::HealthCode, expected: Option<&str>) {
    let mut world = World::read(scenario);
    world.settle();
    let plan = world.plan();
    let state = world.application().status.operation_state;
    let health = model::application::HealthStatus { status: Some(health), ..Default::default() };
    assert_eq!(sync::plan::cause(&plan, state.as_ref(), &health).as_deref(), expected);
}

#[test]
fn the_page_gets_one_sentence() {
    use model::application::HealthCode::{Degraded, Healthy, Progressing};
    cause("want: [{name: a}]", Healthy, None);
    cause(
        "want: [{kind: Deployment, name: web}]\ncomesUp: {web: Degraded}",
        Degraded,
        Some("apps/Deployment prod/web is Degraded"),
    );
    cause(
        "want: [{name: bad}]\nrefuse: {bad: no}",
        Healthy,
        Some(
            "Failed sync attempt to abc1234def: one or more objects failed to apply (dry run), reason: \
             ConfigMap prod/bad: no (at all.yaml:1)",
        ),
    );
    cause(
        "want: [{kind: Deployment, name: db}, {name: a, wave: 1}]\ncomesUp: {db: Progressing}",
        Progressing,
        Some("waiting for healthy state of apps/Deployment/db"),
    );
    cause(
        "app: {spec: {syncPolicy: {automated: null}}}\nwant: [{name: a}]",
        Healthy,
        Some(
            "argoproj.io/Application argocd/shop: automated sync is off: ask for a sync, or set \
             spec.syncPolicy.automated",
        ),
    );
}
