//! The page's routes: HTML made from reports.

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use report::application::AppKey;
use report::page::{self, Scene};

use super::Front;
use crate::agent::clock;

/// The home screen: a tile for each application.
pub async fn home(State(front): State<Front>) -> Response {
    let (looks, notice) = (front.reports.looks(), front.reports.notice());
    let scene = Scene { looks: &looks, notice: notice.as_deref(), now: clock::now() };
    html(StatusCode::OK, page::home(&front.reports.all(), &scene))
}

/// One application.
pub async fn application(
    State(front): State<Front>,
    Path((namespace, name)): Path<(String, String)>,
) -> Response {
    let key = AppKey { namespace, name };
    let Some(app) = front.reports.get(&key) else {
        return html(StatusCode::NOT_FOUND, page::not_found(&key.to_string()));
    };
    let (looks, notice) = (front.reports.looks(), front.reports.notice());
    let scene = Scene { looks: &looks, notice: notice.as_deref(), now: clock::now() };
    html(StatusCode::OK, page::application(&app, &scene))
}

/// Every other address.
pub async fn nothing_here(uri: Uri) -> Response {
    html(StatusCode::NOT_FOUND, page::not_found(uri.path()))
}

/// Every other method.
pub async fn not_allowed() -> Response {
    html(StatusCode::METHOD_NOT_ALLOWED, page::not_allowed())
}

/// The style sheet.
pub async fn style() -> Response {
    answer(StatusCode::OK, "text/css; charset=utf-8", page::STYLE.to_owned())
}

/// The script; everything works without it.
pub async fn script() -> Response {
    answer(StatusCode::OK, "text/javascript; charset=utf-8", page::SCRIPT.to_owned())
}

/// The icon.
pub async fn icon() -> Response {
    answer(StatusCode::OK, "image/svg+xml", page::ICON.to_owned())
}

fn html(status: StatusCode, body: String) -> Response {
    answer(status, "text/html; charset=utf-8", body)
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
