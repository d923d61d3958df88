//! Pauses that a commit approves.

use insta::assert_snapshot;

use crate::basic::SHOP;
use crate::play::play;

#[test]
fn a_commit_that_names_step_and_version_approves_the_pause() {
    assert_snapshot!(play(SHOP, "run 1m\nimage web:2\nrun 1m\napprove 1/B\nrun 10m"));
}

#[test]
fn an_image_stands_for_its_version() {
    assert_snapshot!(play(SHOP, "run 1m\nimage web:2\napprove 1/web:2\nrun 10m"));
}

#[test]
fn an_old_approval_promotes_no_other_version_and_no_other_step() {
    assert_snapshot!(play(
        SHOP,
        "run 1m
         image web:2
         approve 3/B
         run 1m
         approve 1/B
         run 1m
         image web:3
         run 10m"
    ));
}

#[test]
fn an_image_that_the_stable_version_has_too_approves_nothing() {
    assert_snapshot!(play(
        SHOP,
        "run 1m
         approve 1/web:1
         spec {\"template\": {\"metadata\": {\"labels\": {\"more\": \"yes\"}}}}
         run 10m"
    ));
}
