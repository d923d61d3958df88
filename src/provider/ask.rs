//! One request to a provider.

use std::time::Duration;

use http::{HeaderName, Method};
use model::analysis::Header;
use reqwest::Url;

use crate::net::{Access, Body, Credential, HttpClient, HttpLimits, HttpRequest, Secret};

/// The longest reply that is read.
const BYTES: u64 = 10 << 20;

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its URL as the template has it.
    pub url: String,
    /// Its verb.
    pub method: Method,
    /// Headers: templates put tokens there, so the provider sees them and nobody it redirects to.
    pub headers: Vec<(String, Secret)>,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// Content type of the body.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
    /// Leaves certificates unchecked.
    pub insecure: bool,
    /// How long the whole answer may take.
    pub time: Duration,
}

/// A reply: its status and its body.
pub type Reply = (u16, Vec<u8>);

impl Ask {
    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: Method::GET,
            headers: Vec::new(),
            login: None,
            content_type: String::new(),
            body: Vec::new(),
            insecure: false,
            time: Duration::from_secs(10),
        }
    }

    /// A POST.
    pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: Method::POST,
            content_type: content_type.to_owned(),
            body: body.into(),
            ..Self::get(url)
        }
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl Into<Secret>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With the headers of a template.
    pub fn headers(mut self, headers: &[Header]) -> Self {
        self.headers
            .extend(headers.iter().map(|header| (header.key.clone(), Secret::from(header.value.as_str()))));
        self
    }

    /// Sends it.
    pub async fn send(&self, http: &HttpClient) -> Result<Reply, String> {
        let headers = self.headers.iter().map(|(name, value)| {
            let name = name.parse::<HeaderName>().map_err(|_| format!("{name:?} is no name for a header"))?;
            Ok((name, value.clone()))
        });
        let access = Access {
            credential: self.login.clone().map(|(user, password)| Credential::Basic { user, password }),
            insecure: self.insecure,
            headers: headers.collect::<Result<_, String>>()?,
            near: true,
            ..Access::default()
        };
        let request = HttpRequest {
            body: Body::Verb {
                method: self.method.clone(),
                content_type: self.content_type.clone(),
                bytes: self.body.clone().into(),
            },
            limits: HttpLimits { bytes: BYTES, time: self.time },
            any_status: true,
            ..HttpRequest::default()
        };
        let reply = http.get(&self.url, &access, request).await.map_err(|why| why.to_string())?;
        let status = reply.status();
        Ok((status, reply.bytes().await.map_err(|why| why.to_string())?))
    }
}

/// An address with a path behind its own, and a query.
pub fn url(address: &str, path: &str, query: &[(&str, &str)]) -> Result<String, String> {
    let mut url = Url::parse(address).map_err(|why| format!("address {address:?} is not a URL: {why}"))?;
    if url.host_str().is_none() {
        return Err(format!("address {address:?} has no host"));
    }
    let joined = format!("{}/{}", url.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_path(&joined);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url.into())
}

/// A form as its body.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://form").expect("it is a URL");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// A Go duration of a template; `missing` where it is empty.
pub fn length(text: &str, missing: Duration) -> Result<Duration, String> {
    if text.is_empty() {
        return Ok(missing);
    }
    rollout::duration::parse(text).ok_or_else(|| format!("time: invalid duration {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_behind_the_one_an_address_has() {
        let at = |address: &str| url(address, "/api/v1/query", &[("q", "a b")]).expect("it is a URL");
        assert_eq!(at("http://p:9090"), "http://p:9090/api/v1/query?q=a+b");
        assert_eq!(at("https://p/prom/"), "https://p/prom/api/v1/query?q=a+b");
        assert!(url("p:9090", "x", &[]).is_err() && url("", "x", &[]).is_err());
    }

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form(&[("query", "up{a=\"b\"}"), ("time", "1")]), "query=up%7Ba%3D%22b%22%7D&time=1");
    }
}
