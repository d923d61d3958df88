//! Which addresses windlass may connect to (rule R4, threat T10).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What may be connected to. Link-local and metadata addresses never may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Lets any URL reach this machine itself.
    pub allow_loopback: bool,
    /// Lets any URL reach private networks (10.0.0.0/8, fc00::/7 and their like).
    pub allow_private: bool,
    /// Where not empty: the only hosts that may be asked, by exact name.
    pub hosts: BTreeSet<String>,
}

/// How near an address a request may connect to: each step includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Addresses of the public Internet.
    Public,
    /// Private networks, too.
    Private,
    /// This machine, too.
    Loopback,
}

impl EgressPolicy {
    /// The reach of one request. A host that an operator named (a repository Secret, a rewrite rule) may be in a
    /// private network or on this machine, whatever holds for URLs that tenants write.
    pub fn reach(&self, vouched: bool) -> Reach {
        match (vouched || self.allow_loopback, self.allow_private) {
            (true, _) => Reach::Loopback,
            (false, true) => Reach::Private,
            (false, false) => Reach::Public,
        }
    }

    /// Whether the host may be asked at all.
    pub fn allows_host(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.contains(host)
    }
}

impl Reach {
    /// Whether a connection to `address` may be opened.
    pub fn allows(self, address: IpAddr) -> bool {
        needed(address).is_some_and(|needed| self >= needed)
    }
}

/// Why a name was not connected to.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{host} leads to {address}, which may not be connected to")]
pub(super) struct Refused {
    /// The name that was asked for.
    pub host: String,
    /// An address it leads to.
    pub address: IpAddr,
}

/// The addresses of `host` that may be connected to; for clients that connect by themselves (SSH). Blocking.
///
/// # Errors
/// When the name has no address, or none that `reach` allows.
pub fn guarded_addresses(host: &str, port: u16, reach: Reach) -> std::io::Result<Vec<SocketAddr>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    permitted(host, (bare, port).to_socket_addrs()?, reach).map_err(std::io::Error::other)
}

/// The resolver of one reach: a name that leads to a forbidden address leads nowhere. As the client connects to
/// the addresses returned here and to no others, a name cannot change its mind between check and use.
pub(super) struct GuardedResolver(pub Reach);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, reach) = (name.as_str().to_owned(), self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let addresses: Addrs = Box::new(permitted(&host, found, reach)?.into_iter());
            Ok(addresses)
        })
    }
}

fn permitted(
    host: &str,
    found: impl Iterator<Item = SocketAddr>,
    reach: Reach,
) -> Result<Vec<SocketAddr>, Refused> {
    let (allowed, refused): (Vec<_>, Vec<_>) = found.partition(|address| reach.allows(address.ip()));
    match refused.first() {
        Some(address) if allowed.is_empty() => Err(Refused { host: host.to_owned(), address: address.ip() }),
        _ => Ok(allowed),
    }
}

/// The reach an address needs; none where nothing may connect to it.
fn needed(address: IpAddr) -> Option<Reach> {
    match address {
        IpAddr::V4(address) => needed_v4(address),
        IpAddr::V6(address) => needed_v6(address),
    }
}

fn needed_v4(address: Ipv4Addr) -> Option<Reach> {
    let [a, b, c, d] = address.octets();
    match (a, b) {
        // "This network", link-local (169.254.169.254 is the usual metadata service), multicast and reserved.
        (0, _) | (169, 254) | (224.., _) => None,
        // The metadata service of a cloud that puts it into the shared address space.
        (100, 100) if (c, d) == (100, 200) => None,
        (127, _) => Some(Reach::Loopback),
        (10, _) | (172, 16..=31) | (192, 168) | (100, 64..=127) | (198, 18..=19) => Some(Reach::Private),
        (192, 0) if c == 0 => Some(Reach::Private),
        _ => Some(Reach::Public),
    }
}

fn needed_v6(address: Ipv6Addr) -> Option<Reach> {
    /// The metadata service of a cloud that puts it into the private space.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if let Some(inner) = carried(address) {
        return needed_v4(inner);
    }
    match address.segments()[0] {
        _ if address == Ipv6Addr::LOCALHOST => Some(Reach::Loopback),
        _ if address.is_unspecified() || address == METADATA => None,
        // Link-local and its deprecated sibling, then multicast.
        0xfe80..=0xffff => None,
        0xfc00..=0xfdff => Some(Reach::Private),
        _ => Some(Reach::Public),
    }
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 and 6to4 addresses all lead there.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => four(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &str, expected: Option<Reach>) {
        for address in addresses.split_whitespace() {
            let parsed = address.parse().expect("it is an address");
            assert_eq!(needed(parsed), expected, "{address}");
        }
    }

    #[test]
    fn addresses_are_sorted_by_how_near_they_are() {
        check("169.254.169.254 0.0.0.0 224.0.0.1 255.255.255.255 100.100.100.200", None);
        check(":: fe80::1 febf::1 fec0::1 ff02::1 fd00:ec2::254", None);
        check("::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1 ::169.254.169.254", None);
        check("127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1 2002:7f00:1::", Some(Reach::Loopback));
        check("10.1.2.3 172.16.0.1 172.31.9.9 192.168.1.1 100.64.0.1 fd12::1 fc00::1", Some(Reach::Private));
        check("1.1.1.1 172.32.0.1 100.128.0.1 2606:4700::1 2002:101:101::", Some(Reach::Public));
    }

    #[test]
    fn a_host_that_an_operator_named_may_be_near() {
        let strict = EgressPolicy::default();
        let near: IpAddr = "127.0.0.1".parse().expect("it is an address");
        assert!(!strict.reach(false).allows(near));
        assert!(strict.reach(true).allows(near));
        assert!(!strict.reach(true).allows("169.254.169.254".parse().expect("it is an address")));
        assert!(!EgressPolicy { allow_private: true, ..strict }.reach(false).allows(near));
    }

    #[test]
    fn a_name_with_one_good_address_leads_there_only() {
        let both = ["169.254.169.254:80", "1.1.1.1:80"].map(|a| a.parse().expect("it is an address"));
        let found = permitted("rebinding.example", both.into_iter(), Reach::Public).expect("one is allowed");
        assert_eq!(found, both[1..]);
        let refused = permitted("rebinding.example", both[..1].iter().copied(), Reach::Loopback);
        assert_eq!(
            refused.expect_err("the only address is forbidden").to_string(),
            "rebinding.example leads to 169.254.169.254, which may not be connected to"
        );
    }
}
