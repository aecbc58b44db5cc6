//! The networks themselves, as scripts that make them and hold them.

/// Makes the namespaces, says `ready`, and holds them until its standard input ends.
pub(super) const BUILD: &str = r#"
set -e
PATH="$PATH:/usr/sbin:/sbin"
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip link add wan type bridge
ip address add 10.99.0.1/16 dev wan
ip link set wan up

# side NAME NUMBER: a host behind a NAT of its own.
side() {
    ip netns add "nat-$1"
    ip netns add "host-$1"
    ip link add "wan-$1" type veth peer name wan netns "nat-$1"
    ip link set "wan-$1" master wan up
    ip -n "nat-$1" link add lan type veth peer name lan netns "host-$1"
    ip -n "nat-$1" address add "10.99.1.$2/16" dev wan
    ip -n "nat-$1" address add "10.$2.0.1/24" dev lan
    ip -n "host-$1" address add "10.$2.0.2/24" dev lan
    for place in nat host; do ip -n "$place-$1" link set lo up; done
    ip -n "nat-$1" link set wan up
    ip -n "nat-$1" link set lan up
    ip -n "host-$1" link set lan up
    ip -n "host-$1" route add default via "10.$2.0.1"
    nsenter --net="/run/netns/nat-$1" sh -ec '
        echo 1 > /proc/sys/net/ipv4/ip_forward
        nft -f -
    ' <<NFT
table ip home {
    chain leaving {
        type nat hook postrouting priority srcnat
        oifname "wan" masquerade $NAT
    }
    chain passing {
        type filter hook forward priority filter; policy accept
        # As home routers do: nobody outside begins a conversation.
        iifname "wan" ct state new drop
        $FILTER
    }
}
NFT
}
side a 1
side b 2
echo ready
cat
"#;

/// Makes one network of three hosts, likewise; multicast reaches all of them.
pub(super) const BUILD_LAN: &str = r#"
set -e
PATH="$PATH:/usr/sbin:/sbin"
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip link add wan type bridge mcast_snooping 0
ip address add 10.99.0.1/16 dev wan
ip link set wan up
ip route add 10.3.0.0/24 dev wan
number=2
for name in a b c; do
    ip netns add "host-$name"
    ip link add "lan-$name" type veth peer name lan netns "host-$name"
    ip link set "lan-$name" master wan up
    ip -n "host-$name" address add "10.3.0.$number/24" dev lan
    ip -n "host-$name" link set lo up
    ip -n "host-$name" link set lan multicast on up
    ip -n "host-$name" route add 224.0.0.0/4 dev lan
    ip -n "host-$name" route add 10.99.0.1 dev lan
    number=$((number + 1))
done
echo ready
cat
"#;

/// Makes two hosts with one router between them, whose links the test can cut, and whose packets it
/// can lose: `host-a` is 10.1.0.2, `host-b` is 10.2.0.2, the router (`wan`) has .1 on both sides.
pub(super) const BUILD_ROAD: &str = r#"
set -e
PATH="$PATH:/usr/sbin:/sbin"
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip link add wan type bridge
ip address add 10.99.0.1/16 dev wan
ip link set wan up
for side in a:1 b:2; do
    name=${side%:*} number=${side#*:}
    ip netns add "host-$name"
    ip link add "road-$name" type veth peer name lan netns "host-$name"
    ip address add "10.$number.0.1/24" dev "road-$name"
    ip link set "road-$name" up
    ip -n "host-$name" address add "10.$number.0.2/24" dev lan
    ip -n "host-$name" link set lo up
    ip -n "host-$name" link set lan up
    ip -n "host-$name" route add default via "10.$number.0.1"
done
echo "$FORWARD" > /proc/sys/net/ipv4/ip_forward
nft -f - <<NFT
table ip road {
    chain passing { type filter hook forward priority filter; policy accept; }
    chain arriving { type filter hook input priority filter; policy accept; }
}
NFT
echo ready
cat
"#;
