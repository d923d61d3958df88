//! The answer to a request, read piece by piece under its limits.

use std::time::Duration;

use http::HeaderMap;
use reqwest::Url;
use tokio::time::Instant;

use super::error::HttpError;
use super::origin::without_user_info;

/// An answer whose body has not been read yet. Bytes and time are limited from here on, too.
#[derive(Debug)]
pub struct HttpReply {
    pub(super) response: reqwest::Response,
    pub(super) url: Url,
    pub(super) left: u64,
    pub(super) limit: u64,
    pub(super) deadline: Instant,
    pub(super) time: Duration,
}

impl HttpReply {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// One header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The URL that answered, after rewriting and redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// When the body is longer or slower than allowed, or breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        let host = || self.url.host_str().unwrap_or_default().to_owned();
        let next = tokio::time::timeout_at(self.deadline, self.response.chunk()).await;
        let next = next.map_err(|_| HttpError::TooSlow { host: host(), limit: self.time })?;
        let Some(chunk) = next.map_err(|error| HttpError::of_request(&host(), &error, self.time))? else {
            return Ok(None);
        };
        self.left = self
            .left
            .checked_sub(chunk.len() as u64)
            .ok_or_else(|| HttpError::TooLarge { url: without_user_info(&self.url), limit: self.limit })?;
        Ok(Some(chunk.into()))
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn bytes(mut self) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Some(mut chunk) = self.chunk().await? {
            if body.is_empty() { body = chunk } else { body.append(&mut chunk) }
        }
        Ok(body)
    }
}
