//! Every case of the public Helm corpus, in process: real charts and tables of functions, compared with what Helm 4
//! printed by meaning, by order and by bytes.

mod cases;
mod compare;
mod lines;
mod refusals;
mod support;

use support::shared;

#[test]
fn charts_render_as_helm_renders_them() {
    let Some(root) = shared("corpus/helm") else { return };
    let score = cases::run(&root, helm::HelmVersion::V4);
    score.report("charts");
    score.expect_all();
}

/// The goldens of version 3 are there where its documents differ; elsewhere those of version 4 serve, whose blank
/// lines at the end of documents version 3 does not have, so that bytes say nothing here.
#[test]
fn charts_render_as_helm_3_renders_them() {
    let Some(root) = shared("corpus/helm") else { return };
    let mut score = cases::run(&root, helm::HelmVersion::V3);
    score.report("charts in Helm 3 mode");
    score.bytes = score.documents;
    score.expect_all();
}

#[test]
fn functions_answer_as_in_helm() {
    let Some(root) = shared("corpus/helm/functions") else { return };
    let score = lines::run(&root);
    score.report("functions");
    score.expect_all();
}
