//! AWS signatures, version 4.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use model::Time;
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::ask::Ask;
use crate::net::Secret;

/// Keys for AWS.
#[derive(Clone, Debug, Default)]
pub struct AwsKeys {
    /// Name of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: Secret,
    /// Token of a session; none where empty.
    pub session_token: Secret,
    /// Region where a metric names none.
    pub region: String,
    /// Address of CloudWatch; the region's own where empty.
    pub endpoint: String,
}

/// Signs a request: its host, its moment and its body.
pub fn sign(mut ask: Ask, keys: &AwsKeys, region: &str, service: &str, now: Time) -> Result<Ask, String> {
    let region = if region.is_empty() { keys.region.as_str() } else { region };
    let url = Url::parse(&ask.url).map_err(|why| why.to_string())?;
    let moment = now.0.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &moment[..8];
    let body_hash = HEXLOWER.encode(&Sha256::digest(&ask.body));
    let mut headers = vec![
        ("host".to_owned(), host(&url)),
        ("x-amz-content-sha256".to_owned(), body_hash.clone()),
        ("x-amz-date".to_owned(), moment.clone()),
    ];
    if !keys.session_token.is_empty() {
        headers.push(("x-amz-security-token".to_owned(), keys.session_token.expose().to_owned()));
    }
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let query = url.query().unwrap_or_default();
    let canonical = format!("{}\n{}\n{query}\n{lines}\n{names}\n{body_hash}", ask.method, url.path());
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text =
        format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", HEXLOWER.encode(&Sha256::digest(&canonical)));
    let start = format!("AWS4{}", keys.secret_key.expose()).into_bytes();
    let key = [day, region, service, "aws4_request"].iter().fold(start, |key, part| mac(&key, part));
    let signature = HEXLOWER.encode(&mac(&key, &text));
    let access = &keys.access_key;
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}");
    headers.push(("authorization".to_owned(), authorization));
    // The client writes the host itself.
    let sent = headers.into_iter().filter(|(name, _)| name != "host");
    ask.headers.extend(sent.map(|(name, value)| (name, Secret::from(value))));
    Ok(ask)
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_has_the_same_signature_and_another_one_has_not() {
        let keys = AwsKeys {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            region: "us-east-1".into(),
            ..AwsKeys::default()
        };
        let now = "2015-08-30T12:36:00Z".parse().expect("it is a time");
        let signed = |body: &str| {
            let ask = sign(Ask::post("https://example.amazonaws.com/", "", body), &keys, "", "service", now);
            let headers = ask.expect("it is a URL").headers;
            headers.last().expect("it is signed").1.expose().to_owned()
        };
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=";
        assert!(signed("a").starts_with(start), "{}", signed("a"));
        assert_eq!(signed("a"), signed("a"));
        assert_ne!(signed("a"), signed("b"));
    }

    #[test]
    fn the_key_of_a_day_is_the_documented_one() {
        let start = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        let key =
            ["20150830", "us-east-1", "iam", "aws4_request"].iter().fold(start, |key, part| mac(&key, part));
        let expected = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
        assert_eq!(HEXLOWER.encode(&key), expected);
    }
}
