//! Which addresses are public: those that anybody on the internet could ask for themselves.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Is it neither this machine, nor a private network, nor one of the ranges with a meaning of their own (the special-purpose
/// registries of RFC 6890)? An address of IPv6 that carries one of IPv4 is judged by that.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        // shared by carriers (RFC 6598), protocol assignments (RFC 6890), 6to4 relays (RFC 7526), benchmarks (RFC 2544)
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, _, _, _, _, g, h] = ip.segments();
    let [g1, g2] = g.to_be_bytes();
    let [h1, h2] = h.to_be_bytes();
    let tail = Ipv4Addr::new(g1, g2, h1, h2);
    if let Some(ip) = ip.to_ipv4_mapped() {
        return is_public_v4(ip);
    }
    match (a, b) {
        // translated (RFC 6052): what is behind it is asked
        (0x64, 0xff9b) => ip.segments()[2..6] == [0, 0, 0, 0] && is_public_v4(tail),
        // global unicast, but for protocol assignments with Teredo, documentation, and 6to4 (RFC 2928, 3849, 9637, 3056)
        (0x2001, b) if b < 0x200 || b == 0xdb8 => false,
        (0x2002, _) => false,
        (0x3fff, b) if b < 0x1000 => false,
        _ => a & 0xe000 == 0x2000,
    }
}
