//! `POST /api/webhook`: a body with a limit and a deadline, its signature checked before it is parsed, then a letter to
//! the loop (threat T12). The answers are upstream's (reference section 8.3).

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use prometheus_client::metrics::gauge::Gauge;

use super::Front;
use crate::source::webhook::{self, LARGEST_BODY, Received, WebhookError};

/// Webhooks that are read at once.
pub(super) const MOST_AT_ONCE: usize = 32;
/// Bodies that are parsed at once: each may take many times its length.
pub(super) const MOST_PARSED_AT_ONCE: usize = 2;
/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Why a webhook is refused. Nothing in it comes from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error("the body did not arrive in time")]
    Late,
    #[error("the body could not be read")]
    Broken,
    #[error("too many webhooks wait already, try again later")]
    Busy,
}

impl Refused {
    fn status(self) -> StatusCode {
        match self {
            Self::Webhook(error) => StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST),
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Takes a webhook.
pub(super) async fn receive(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let _counted = InFlight::begin(&front);
    match take(&front, parts.headers, body).await {
        Ok(words) => (StatusCode::OK, words).into_response(),
        Err(refused) => {
            tracing::debug!(%refused, "webhook refused");
            (refused.status(), refused.to_string()).into_response()
        }
    }
}

/// Counts a webhook as long as it is read, also where its sender hangs up.
struct InFlight(Gauge);

impl InFlight {
    fn begin(front: &Front) -> Self {
        front.metrics.webhooks_in_flight.inc();
        Self(front.metrics.webhooks_in_flight.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

async fn take(front: &Front, headers: HeaderMap, body: Body) -> Result<&'static str, Refused> {
    let _seat = front.seats.webhooks.try_acquire().map_err(|_| Refused::Busy)?;
    if announced(&headers) > LARGEST_BODY {
        return Err(WebhookError::TooLarge.into());
    }
    let read = read(body.into_data_stream());
    let bytes = tokio::time::timeout(BODY_WITHIN, read).await.map_err(|_| Refused::Late)??;
    let _turn = front.seats.parsers.acquire().await.map_err(|_| Refused::Busy)?;
    let secrets = front.webhook_secrets.get();
    // Apart from the runtime's own threads: a megabyte of brackets takes its time. A panic refuses this body (R6).
    let received = tokio::task::spawn_blocking(move || webhook::receive(&headers, &bytes, &secrets))
        .await
        .unwrap_or(Err(WebhookError::Malformed))?;
    match received {
        Received::Nothing => Ok("nothing has moved"),
        Received::Push(push) => match front.pushes.offer(push) {
            true => Ok("the repository is looked at"),
            false => Err(Refused::Busy),
        },
    }
}

/// The length that the client announces; 0 where it announces none.
fn announced(headers: &HeaderMap) -> usize {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or_default()
}

async fn read(mut body: BodyDataStream) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk.map_err(|_| Refused::Broken)?);
        if bytes.len() > LARGEST_BODY {
            return Err(WebhookError::TooLarge.into());
        }
    }
    Ok(bytes)
}
