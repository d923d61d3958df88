//! `ssh_known_hosts`: which host keys are trusted.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};

/// The lines of a known_hosts file that could be read. Checking is strict: an unknown host is refused.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
    /// What could not be read, as sentences with line numbers.
    pub problems: Vec<String>,
}

#[derive(Clone, Debug)]
struct Line {
    mark: Mark,
    hosts: Hosts,
    key: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    None,
    Revoked,
    /// The key signs host certificates. libssh2 does not speak those, so such a line trusts no plain key.
    CertAuthority,
}

#[derive(Clone, Debug)]
enum Hosts {
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
    Patterns(Vec<Pattern>),
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    negated: bool,
}

/// What known_hosts says about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The host is known by this key.
    Known,
    /// The host is known by other keys only.
    Changed,
    /// The host is not known.
    Unknown,
    /// The key is revoked.
    Revoked,
}

/// The longest line that is read, in bytes.
const LONGEST: usize = 16 << 10;

impl KnownHosts {
    /// Reads a known_hosts file; lines that cannot be read become problems, the others count.
    pub fn parse(text: &str) -> Self {
        let mut known = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read(line) {
                Ok(line) => known.lines.push(line),
                Err(why) => known.problems.push(format!("ssh_known_hosts line {number}: {why}")),
            }
        }
        known
    }

    /// What is known of the key (in its wire form) that `host` shows at `port`.
    pub fn check(&self, host: &str, port: u16, key: &[u8]) -> Verdict {
        let host = host.to_ascii_lowercase();
        let name = if port == 22 { host } else { format!("[{host}]:{port}") };
        let of_host = || self.lines.iter().filter(|line| line.hosts.contains(&name));
        if of_host().any(|line| line.mark == Mark::Revoked && line.key == key) {
            return Verdict::Revoked;
        }
        let mut plain = of_host().filter(|line| line.mark == Mark::None).peekable();
        if plain.peek().is_none() {
            return Verdict::Unknown;
        }
        if plain.any(|line| line.key == key) { Verdict::Known } else { Verdict::Changed }
    }
}

fn read(line: &str) -> Result<Line, &'static str> {
    if line.len() > LONGEST {
        return Err("it is too long");
    }
    let mut words = line.split_ascii_whitespace().peekable();
    let mark = match words.peek() {
        Some(&"@revoked") => Mark::Revoked,
        Some(&"@cert-authority") => Mark::CertAuthority,
        Some(word) if word.starts_with('@') => return Err("its mark is not known"),
        _ => Mark::None,
    };
    if mark != Mark::None {
        words.next();
    }
    let hosts = read_hosts(words.next().ok_or("it names no host")?)?;
    let kind = words.next().ok_or("it names no kind of key")?;
    let key = words.next().ok_or("it holds no key")?;
    let key = BASE64.decode(key.as_bytes()).map_err(|_| "its key is not base64")?;
    // The wire form starts with the kind's name: another name in front means that the line was mixed up.
    let named = key.get(..4).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
    let inner = named.and_then(|length| key.get(4..4usize.checked_add(length as usize)?));
    if inner != Some(kind.as_bytes()) {
        return Err("its key is of another kind than it says");
    }
    Ok(Line { mark, hosts, key })
}

fn read_hosts(word: &str) -> Result<Hosts, &'static str> {
    if let Some(rest) = word.strip_prefix("|1|") {
        let (salt, hash) = rest.split_once('|').ok_or("its hashed name is incomplete")?;
        let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| "its hashed name is not base64");
        return Ok(Hosts::Hashed { salt: decode(salt)?, hash: decode(hash)? });
    }
    let pattern = |text: &str| match text.strip_prefix('!') {
        Some(text) => Pattern { text: text.to_ascii_lowercase(), negated: true },
        None => Pattern { text: text.to_ascii_lowercase(), negated: false },
    };
    Ok(Hosts::Patterns(word.split(',').filter(|text| !text.is_empty()).map(pattern).collect()))
}

impl Hosts {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::Hashed { salt, hash } => Hmac::<sha1::Sha1>::new_from_slice(salt)
                .is_ok_and(|mac| mac.chain_update(name).verify_slice(hash).is_ok()),
            Self::Patterns(patterns) => {
                let fits = |negated| {
                    patterns
                        .iter()
                        .any(|p| p.negated == negated && matches(p.text.as_bytes(), name.as_bytes()))
                };
                fits(false) && !fits(true)
            }
        }
    }
}

/// `*` and `?` as OpenSSH reads them, in linear memory and without recursion.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    in_name = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key in wire form; `seed` tells keys apart.
    fn key(seed: u8) -> Vec<u8> {
        let mut key = vec![0, 0, 0, 11];
        key.extend_from_slice(b"ssh-ed25519");
        key.extend_from_slice(&[0, 0, 0, 32]);
        key.extend_from_slice(&[seed; 32]);
        key
    }

    #[track_caller]
    fn check(line: &str, asked: (&str, u16, u8), expected: Verdict) {
        let line = line.replace("KEY1", &format!("ssh-ed25519 {}", BASE64.encode(&key(1))));
        let line = line.replace("KEY2", &format!("ssh-ed25519 {}", BASE64.encode(&key(2))));
        let known = KnownHosts::parse(&line);
        assert_eq!(known.problems, [""; 0]);
        assert_eq!(known.check(asked.0, asked.1, &key(asked.2)), expected, "{line}");
    }

    #[test]
    fn names_ports_and_patterns() {
        check("git.example.com,10.0.0.1 KEY1 comment", ("Git.Example.com", 22, 1), Verdict::Known);
        check("git.example.com KEY1", ("git.example.com", 22, 2), Verdict::Changed);
        check("git.example.com KEY1", ("git.example.com", 2222, 1), Verdict::Unknown);
        check("[git.example.com]:2222 KEY1", ("git.example.com", 2222, 1), Verdict::Known);
        check("*.example.com,!bad.example.com KEY1", ("git.example.com", 22, 1), Verdict::Known);
        check("*.example.com,!bad.example.com KEY1", ("bad.example.com", 22, 1), Verdict::Unknown);
        check("git?.example.com KEY1", ("git12.example.com", 22, 1), Verdict::Unknown);
        check("h KEY2\nh KEY1", ("h", 22, 1), Verdict::Known);
        check("", ("h", 22, 1), Verdict::Unknown);
    }

    #[test]
    fn hashed_names_are_found() {
        let salt = [9; 20];
        let mac =
            Hmac::<sha1::Sha1>::new_from_slice(&salt).expect("any length will do").chain_update("h.example");
        let hash = BASE64.encode(&mac.finalize().into_bytes());
        let line = format!("|1|{}|{hash} KEY1", BASE64.encode(&salt));
        check(&line, ("h.example", 22, 1), Verdict::Known);
        check(&line, ("other.example", 22, 1), Verdict::Unknown);
    }

    #[test]
    fn marked_lines_trust_no_plain_key() {
        check("@revoked * KEY1\nh KEY1", ("h", 22, 1), Verdict::Revoked);
        check("@revoked h KEY2\nh KEY1", ("h", 22, 1), Verdict::Known);
        check("@cert-authority * KEY1", ("h", 22, 1), Verdict::Unknown);
    }

    #[test]
    fn a_bad_line_hides_no_other() {
        let good = format!("h ssh-ed25519 {}", BASE64.encode(&key(1)));
        let mixed_up = good.replace("ssh-ed25519", "ssh-rsa");
        let known =
            KnownHosts::parse(&format!("h\n@what h x y\nh ssh-ed25519 %%\n{mixed_up}\n# fine\n{good}"));
        assert_eq!(known.check("h", 22, &key(1)), Verdict::Known);
        assert_eq!(
            known.problems,
            [
                "ssh_known_hosts line 1: it names no kind of key",
                "ssh_known_hosts line 2: its mark is not known",
                "ssh_known_hosts line 3: its key is not base64",
                "ssh_known_hosts line 4: its key is of another kind than it says",
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_files_never_panic(text: String, host: String, key: Vec<u8>) {
            KnownHosts::parse(&text).check(&host, 22, &key);
        }

        #[test]
        fn a_name_matches_itself_behind_any_star(name in "[a-z.]{0,20}", cut in 0usize..20) {
            let cut = cut.min(name.len());
            let pattern = format!("{}*{}", &name[..cut], &name[cut..]);
            proptest::prop_assert!(matches(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
