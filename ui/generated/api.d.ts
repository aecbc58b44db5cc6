// Generated from crates/api; its test writes it anew with MALAI_REGENERATE_GOLDEN=1. Not to be edited.

/**
 * What policy said to a peer that asked.
 */
export type AccessDecision = "pending" | "allowed" | "denied";

/**
 * A peer that asked for a service which it may not use.
 */
export type AccessRequest = {
/**
 * The peer's id52.
 */
peer: string,
/**
 * Our pet name for it.
 */
name?: string,
/**
 * The service it asked for.
 */
service: string,
/**
 * When it asked, in seconds since 1970.
 */
asked: number,
/**
 * Since when we know the peer, in seconds since 1970; missing for one without a pet name.
 */
known_since?: number,
/**
 * Seconds for which it goes on waiting; missing when it has been sent away unanswered, and can
 * still be let in for the next time.
 */
waits_secs?: number, };

/**
 * One backend of a service.
 */
export type BackendStatus = {
/**
 * Where it is.
 */
address: string,
/**
 * Whether it works, as far as is known.
 */
up: boolean,
/**
 * Whether requests go there, as those before have found it.
 */
breaker: BreakerState,
/**
 * Requests, or connections of a TCP service, that went there.
 */
requests: number,
/**
 * Kept connections that are in use at this moment.
 */
connections_in_use: number,
/**
 * Those that wait for a request.
 */
connections_idle: number,
/**
 * Requests that had to wait because all connections were in use.
 */
waits: number,
/**
 * Requests that broke off there and were sent once more.
 */
retries: number,
/**
 * Those that were not, because too many had been already.
 */
retries_denied: number, };

/**
 * Whether the circuit breaker of a backend, or of a peer, lets requests pass.
 */
export type BreakerState = "closed" | "open" | "half-open";

/**
 * Where a bridge leads and where it listens.
 */
export type BridgeRequest = {
/**
 * A share link, `peer/service`, `id52/service`, `id52` or `domain/service`.
 */
to: string,
/**
 * The bridge's name; made from the service's when missing.
 */
name?: string,
/**
 * A port, `ip:port` or `unix:/path`; a free port of 127.0.0.1 when missing.
 */
listen?: string,
/**
 * How it is carried.
 */
protocol: Protocol,
/**
 * Whether it is written to `malai.toml` and outlives whoever asked.
 */
keep: boolean, };

/**
 * One bridge.
 */
export type BridgeStatus = {
/**
 * Its name.
 */
name: string,
/**
 * The first place it leads to, such as `alice/shop`.
 */
to: string,
/**
 * The peer's id52, once known.
 */
peer?: string,
/**
 * The peer's name of the service; empty for its only one.
 */
service: string,
/**
 * How it is carried.
 */
protocol: Protocol,
/**
 * Where it listens, `ip:port` or a path; empty while it cannot.
 */
local: string,
/**
 * The same as a URL, for HTTP.
 */
url: string,
/**
 * The same service by its name at the gateway, when that is on and the peer has a pet name:
 * `http://shop.alice.localhost:PORT/`.
 */
named_url?: string,
/**
 * Whether it is wanted now.
 */
active: boolean,
/**
 * Whether `malai.toml` has it.
 */
kept: boolean,
/**
 * How its peer is reached.
 */
state: PeerState,
/**
 * Round-trip time to the peer in milliseconds, when known.
 */
rtt_ms?: number,
/**
 * The places that it may lead to, as written.
 */
members: Array<MemberStatus>,
/**
 * Whether requests wait for the peer's owner to let us in.
 */
waiting: boolean,
/**
 * Why it cannot listen.
 */
error?: string,
/**
 * What went through it.
 */
traffic: Traffic,
/**
 * How that went.
 */
measured: Measured, };

/**
 * Something that was looked at to see whether a service can be reached.
 */
export type Check = {
/**
 * What was looked at.
 */
what: CheckSubject,
/**
 * How it is.
 */
outcome: CheckOutcome,
/**
 * What was found and what to do, in plain words.
 */
message: string, };

/**
 * How it is.
 */
export type CheckOutcome = "good" | "bad" | "off";

/**
 * What was looked at.
 */
export type CheckSubject = "upstream" | "lan" | "relay";

/**
 * What the user has chosen about the application.
 */
export type DesktopSettings = {
/**
 * Whether it starts with the session, hidden; default no.
 */
start_at_login: boolean,
/**
 * Whether it notifies; default yes.
 */
notifications: boolean, };

/**
 * The application as it is.
 */
export type DesktopState = {
/**
 * What has become of the engine.
 */
engine: EngineState,
/**
 * What the user has chosen.
 */
settings: DesktopSettings,
/**
 * malai's version.
 */
version: string,
/**
 * Whether there is a tray to hide in.
 */
tray: boolean, };

/**
 * A local server that could be shared.
 */
export type DevServer = {
/**
 * The TCP port it listens on, on a loopback or on any address.
 */
port: number,
/**
 * What it is: a framework such as `vite`, or else the process's name.
 */
program?: string,
/**
 * A name for the service, guessed from the project; always one that a service can have.
 */
name?: string,
/**
 * The service that shares it already.
 */
shared_as?: string, };

/**
 * All that was looked at.
 */
export type Diagnosis = {
/**
 * malai's version.
 */
version: string,
/**
 * The operating system and the processor's kind, such as `linux x86_64`.
 */
system: string,
/**
 * When it was looked, in seconds since 1970, by this machine's clock.
 */
at: number,
/**
 * What was found on this machine.
 */
findings: Array<Finding>,
/**
 * What was found on the way to a peer, when one was named.
 */
peer?: PeerDiagnosis,
/**
 * All of it as a text to pass on: without secrets, names, paths, and whole keys or addresses.
 */
text: string, };

/**
 * What there is to know of a domain that stands, or could stand, for a peer.
 */
export type DomainReport = {
/**
 * Its name.
 */
domain: string,
/**
 * The line of a zone file that makes it name us.
 */
record: string,
/**
 * The one key that it names now.
 */
key?: string,
/**
 * The name whose record says so.
 */
place?: string,
/**
 * Whether the resolver vouches for that by DNSSEC.
 */
secure?: boolean,
/**
 * Whether that key is our own.
 */
own: boolean,
/**
 * The key that is remembered for it.
 */
remembered?: string,
/**
 * Why it cannot be used, or why only what is remembered can.
 */
problem?: Failure, };

/**
 * What has become of the engine.
 */
export type EngineState = { "engine": "starting" } | { "engine": "running",
/**
 * Whether it is another process, such as `malai serve`, that goes on without us.
 */
attached: boolean, } | { "engine": "asks-for-key-file",
/**
 * Where that file would be.
 */
path: string, } | { "engine": "failed" } & Failure | { "engine": "stopping" };

/**
 * What the engine's process uses and has in hand.
 */
export type EngineStatus = {
/**
 * Memory that is resident, in bytes; where the system tells it.
 */
memory_bytes?: number,
/**
 * Files and sockets that are open; where the system tells it.
 */
open_files?: number,
/**
 * Processor time since the start, in seconds; where the system tells it.
 */
cpu_secs?: number,
/**
 * Peers that are connected directly.
 */
peers_direct: number,
/**
 * Peers that are connected through a relay.
 */
peers_relayed: number,
/**
 * Requests and connections under way, of all shares and bridges.
 */
streams_open: number,
/**
 * Log lines that could not be written.
 */
log_lines_lost: number,
/**
 * Spans of traces that no collector took.
 */
spans_lost: number, };

/**
 * One thing that happened.
 */
export type Event = { "event": "identity",
/**
 * The identity's public key.
 */
id52: string, } | { "event": "shared",
/**
 * Its name.
 */
service: string,
/**
 * How it is carried.
 */
protocol: Protocol,
/**
 * Where its traffic goes; several addresses are joined by a comma.
 */
upstream: string,
/**
 * The identity that offers it.
 */
id52: string,
/**
 * The share link.
 */
link: string, } | { "event": "bridged",
/**
 * The peer's name of the service; empty for its only one.
 */
service: string,
/**
 * The peer's id52; empty while it is named by a domain that was never looked up.
 */
peer: string,
/**
 * The local address, `ip:port`.
 */
local: string,
/**
 * The same as a URL, for HTTP.
 */
url: string, } | { "event": "peer",
/**
 * The peer's id52.
 */
peer: string,
/**
 * How it is reached.
 */
state: PeerState,
/**
 * Round-trip time in milliseconds, when known.
 */
rtt_ms?: number, } | { "event": "rotated",
/**
 * The id52 it has now.
 */
peer: string,
/**
 * The one it had, which is accepted no more.
 */
former: string,
/**
 * Its pet name.
 */
name?: string, } | { "event": "request",
/**
 * The service asked for.
 */
service: string,
/**
 * The other peer's id52.
 */
peer: string,
/**
 * The request's method.
 */
method: string,
/**
 * Its path, without the query.
 */
path: string,
/**
 * The answer's status.
 */
status: number,
/**
 * From the request's head to the answer's head, in milliseconds.
 */
ms: number, } | { "event": "access",
/**
 * The peer's id52.
 */
peer: string,
/**
 * The service it named.
 */
service: string,
/**
 * What it was told.
 */
decision: AccessDecision,
/**
 * Our pet name for the peer.
 */
name?: string, } | { "event": "stopped",
/**
 * Its name.
 */
service: string,
/**
 * Why, in words.
 */
reason: string, } | { "event": "drained",
/**
 * Requests that were in flight and ended by themselves.
 */
finished: number,
/**
 * Those that were cut.
 */
cut: number, } | { "event": "status" } & Status | { "event": "ui",
/**
 * Where, once.
 */
url: string, } | { "event": "error",
/**
 * A stable code.
 */
code: string,
/**
 * What happened and what to do.
 */
message: string, };

/**
 * What can be looked at.
 */
export type Examined = "version" | "config" | "identity" | "home" | "disk" | "limits" | "dns" | "lookup" | "udp" | "relay" | "clock" | "ports" | "upstream" | "path" | "seen" | "peer-clock" | "speed" | "offers" | "peer-checks";

/**
 * What went wrong, for programs and for people.
 */
export type Failure = {
/**
 * A stable code, such as `unknown-peer`; see [`codes`].
 */
code: string,
/**
 * What happened and what to do, in plain words.
 */
message: string, };

/**
 * Failures by whose fault they were.
 */
export type Failures = {
/**
 * Of whoever asked.
 */
client: number,
/**
 * Of the peer, or of the way to it.
 */
peer: number,
/**
 * Of the service behind.
 */
service: number,
/**
 * Of malai.
 */
malai: number, };

/**
 * Something that was measured.
 */
export type Figure = {
/**
 * What, from a closed set, such as `latency`.
 */
name: string,
/**
 * How much.
 */
value: number,
/**
 * Of what: `ms`, `s`, `MB`, `MB/s`, or nothing for a number.
 */
unit: string, };

/**
 * What one check has found.
 */
export type Finding = {
/**
 * What was looked at.
 */
check: Examined,
/**
 * Which of several: the name of a service or of a bridge, the host of a relay.
 */
about?: string,
/**
 * How it is.
 */
verdict: Verdict,
/**
 * The same in a few words, which name nothing and nobody.
 */
summary: string,
/**
 * What was seen, in plain words.
 */
seen: string,
/**
 * What to do about it.
 */
advice?: string,
/**
 * What was measured.
 */
figures?: Array<Figure>, };

/**
 * A group of peers.
 */
export type GroupStatus = {
/**
 * Its name.
 */
name: string,
/**
 * Its members as written: pet names, id52s and `group:NAME`.
 */
members: Array<string>, };

/**
 * A peer that was let in to a service.
 */
export type Guest = {
/**
 * The peer's id52.
 */
peer: string,
/**
 * Since when, in seconds since 1970.
 */
since: number,
/**
 * When it ends by itself, in seconds since 1970.
 */
until?: number,
/**
 * Whether it ends with the peer's connection.
 */
once: boolean,
/**
 * What has let it in.
 */
through: Through, };

/**
 * The identity an engine runs as.
 */
export type IdentityStatus = {
/**
 * Its public key.
 */
id52: string,
/**
 * Where the secret key is kept: `keychain`, `file` or `memory`.
 */
store: string,
/**
 * Something its owner should know about where the key is kept.
 */
notice?: string, };

/**
 * A link to make.
 */
export type InviteRequest = {
/**
 * The service's name.
 */
service: string,
/**
 * Whether only the first who opens it is let in; otherwise everybody who has it.
 */
once: boolean,
/**
 * Seconds after which it lets nobody in any more.
 */
for_secs?: number,
/**
 * Whether a PIN has to be told as well, by other means than the link.
 */
pin: boolean, };

/**
 * A link that lets people in; its secret is known to nobody but those who have it.
 */
export type InviteStatus = {
/**
 * Names it, to revoke it; gives nothing away.
 */
id: string,
/**
 * The service it lets in to.
 */
service: string,
/**
 * When it was made, in seconds since 1970.
 */
made: number,
/**
 * Whether only the first who opens it is let in.
 */
once: boolean,
/**
 * Whether a PIN is asked for as well.
 */
pin: boolean,
/**
 * When it ends, in seconds since 1970.
 */
until?: number,
/**
 * Whether it can still let somebody in.
 */
open: boolean,
/**
 * Those whom it has let in, by id52.
 */
guests: Array<string>, };

/**
 * Times within which so much of the answers came, in milliseconds, estimated from a histogram.
 */
export type Latency = {
/**
 * Half of them.
 */
p50_ms: number,
/**
 * 95 of 100.
 */
p95_ms: number,
/**
 * 99 of 100.
 */
p99_ms: number, };

/**
 * What a link leads to.
 */
export type LinkTarget = {
/**
 * The peer's id52.
 */
peer: string,
/**
 * Our pet name for it.
 */
name?: string,
/**
 * What the link suggests to call the peer, made free where another has that name; missing
 * when the peer has one. It is the peer's word, and gives nobody anything by itself.
 */
suggested_name?: string,
/**
 * The service; empty for the peer's only or default one.
 */
service: string,
/**
 * Whether it carries an invite.
 */
invite: boolean,
/**
 * Whether a PIN has to be told with the invite.
 */
pin: boolean,
/**
 * Whether it is our own.
 */
own: boolean,
/**
 * The bridge that leads there already.
 */
bridged_as?: string,
/**
 * The domain that stands for the peer, when it was named by one.
 */
domain?: NamedBy, };

/**
 * One line of the record of who used what.
 */
export type LogEntry = {
/**
 * When, in seconds since 1970.
 */
at: number,
/**
 * What happened.
 */
what: LogKind,
/**
 * The peer's id52; missing where a whole service or link is meant.
 */
peer?: string,
/**
 * Our pet name for it at that time.
 */
name?: string,
/**
 * The service; missing where none is meant.
 */
service?: string,
/**
 * More about it, in words.
 */
note?: string, };

/**
 * What happened.
 */
export type LogKind = "used" | "refused" | "asked" | "joined" | "admitted" | "denied" | "blocked" | "invited" | "revoked" | "guessed";

/**
 * Which lines of the record to read.
 */
export type LogRequest = {
/**
 * How many at most, the newest of them; 200 when missing, at most 2000.
 */
limit?: number,
/**
 * Only about this peer: a pet name or an id52.
 */
peer?: string,
/**
 * Only about this service.
 */
service?: string, };

/**
 * How requests of a share or bridge went, besides how much there was.
 */
export type Measured = {
/**
 * Requests without an answer of the service, by whose fault that was.
 */
failures: Failures,
/**
 * From a request's head to that of its answer; missing while nothing was answered.
 */
latency?: Latency,
/**
 * The last minutes; missing while nothing went through in them.
 */
recent?: Recent, };

/**
 * Whether a bridge uses one of the places that it may lead to.
 */
export type MemberState = "in-use" | "ready" | "out";

/**
 * One place that a bridge may lead to.
 */
export type MemberStatus = {
/**
 * Where it is, such as `alice/shop`.
 */
to: string,
/**
 * Its peer's id52, once known.
 */
peer?: string,
/**
 * Whether the bridge uses it.
 */
state: MemberState,
/**
 * Whether its circuit breaker lets requests pass.
 */
breaker: BreakerState,
/**
 * How its peer is reached.
 */
path: PeerState,
/**
 * Round-trip time to its peer in milliseconds, when known.
 */
rtt_ms?: number, };

/**
 * The domain that a peer was named by.
 */
export type NamedBy = {
/**
 * Its name.
 */
name: string,
/**
 * Whether the resolver vouches by DNSSEC for what it names; missing while the DNS says nothing
 * and what is remembered is used.
 */
secure?: boolean,
/**
 * Whether it was never used before: its key is remembered once it is.
 */
first: boolean, };

/**
 * Where the window is to go, asked by the tray, a deep link or a second start.
 */
export type Navigation = { "view": "home" } | { "view": "share" } | { "view": "service",
/**
 * Its name.
 */
name: string, } | { "view": "connect",
/**
 * A link to begin with; it is shown and asked about, never opened by itself.
 */
link?: string, } | { "view": "peers" } | { "view": "settings" } | { "view": "connection" };

/**
 * A peer on the same local network that wants to be seen.
 */
export type NearbyPeer = {
/**
 * Its key, as the network says: nothing is proven before it is connected.
 */
id52: string,
/**
 * Our pet name for it.
 */
name?: string,
/**
 * What it suggests to be called, made free where another has that name; missing when it has a
 * pet name or suggests none that can be one.
 */
suggested_name?: string, };

/**
 * How the network is used.
 */
export type NetworkSettings = {
/**
 * Which relays carry what cannot go directly.
 */
relay: RelaySetting,
/**
 * How addresses of peers are found: `dns`, `mdns`, `dht`.
 */
lookup: Array<string>,
/**
 * Whether others on the local network see this machine; the one thing that holds at once.
 */
visible: boolean, };

/**
 * A service that a peer offers us.
 */
export type OfferedService = {
/**
 * Its name there.
 */
name: string,
/**
 * How it is carried.
 */
protocol: Protocol,
/**
 * What its owner says of it: at most 200 characters, on one line.
 */
description?: string,
/**
 * Whether something answers at its upstream; missing when the peer does not say.
 */
up?: boolean, };

/**
 * Something outside the window to open.
 */
export type OpenTarget = { "open": "bridge",
/**
 * The bridge's name.
 */
name: string, } | { "open": "logs" } | { "open": "config" };

/**
 * A long-lived operation and those inside it.
 */
export type Operation = {
/**
 * What it is.
 */
name: string,
/**
 * Seconds since it began.
 */
age_secs: number,
/**
 * Those inside it.
 */
children: Array<Operation>, };

/**
 * What a person types to protect a file; its `Debug` is masked.
 */
export type Passphrase = string;

/**
 * What was found on the way to a peer.
 */
export type PeerDiagnosis = {
/**
 * Its id52.
 */
id52: string,
/**
 * Our pet name for it, or the beginning of its id52.
 */
name: string,
/**
 * Whether there is a connection to it.
 */
reached: boolean,
/**
 * What was found.
 */
findings: Array<Finding>, };

/**
 * How a peer is reached.
 */
export type PeerState = "offline" | "connecting" | "direct" | "relayed";

/**
 * One peer.
 */
export type PeerStatus = {
/**
 * Its pet name.
 */
name?: string,
/**
 * Its public key.
 */
id52: string,
/**
 * How it is reached.
 */
state: PeerState,
/**
 * Round-trip time in milliseconds, when known.
 */
rtt_ms?: number,
/**
 * Whether it is refused everything.
 */
blocked: boolean,
/**
 * When it was last connected, in seconds since 1970; missing while it was never seen.
 */
last_seen?: number,
/**
 * The id52s it had before, oldest first; they are accepted no more.
 */
former: Array<string>,
/**
 * Since when it has its present one, in seconds since 1970, as far as is known.
 */
rotated?: number, };

/**
 * How a service is carried.
 */
export type Protocol = "http" | "tcp";

/**
 * A QR code.
 */
export type QrCode = {
/**
 * Modules on each side, without the quiet zone.
 */
width: number,
/**
 * Row by row, `1` for a dark module and `0` for a light one; `width` times `width` characters.
 */
modules: string, };

/**
 * How far an engine can be reached from.
 */
export type Reach = "machine" | "lan" | "anywhere";

/**
 * The last minutes in steps of the same length, the oldest first; every list is as long.
 */
export type Recent = {
/**
 * Seconds of one step.
 */
step_secs: number,
/**
 * Requests or connections that began.
 */
requests: Array<number>,
/**
 * Failures, whoever's fault.
 */
failures: Array<number>,
/**
 * Bytes, both ways together.
 */
bytes: Array<number>,
/**
 * The time within which 95 of 100 answers came, in milliseconds; `null` where there was none.
 */
p95_ms: Array<number | null>, };

/**
 * Which relays are used.
 */
export type RelaySetting = { "kind": "default" } | { "kind": "none" } | { "kind": "own",
/**
 * `https://` or `http://`, at least one.
 */
urls: Array<string>, };

/**
 * Something asked of an engine.
 */
export type Request = { "request": "identity" } | { "request": "status" } | { "request": "metrics" } | { "request": "share" } & ShareRequest | { "request": "bridge" } & BridgeRequest | { "request": "stop",
/**
 * Its name.
 */
name: string,
/**
 * Whether what `malai.toml` says about it is removed, too; without it, it only becomes
 * inactive there.
 */
forget: boolean, } | { "request": "peers" } | { "request": "peer-add",
/**
 * The pet name.
 */
name: string,
/**
 * The peer's key.
 */
id52: string, } | { "request": "peer-remove",
/**
 * The pet name.
 */
name: string, } | { "request": "subscribe" } | { "request": "watch" } | { "request": "detect" } | { "request": "read",
/**
 * A share link, `peer/service`, `id52/service`, `id52` or `domain/service`.
 */
link: string, } | { "request": "nearby" } | { "request": "services",
/**
 * A pet name, an id52, a domain, or a share link, whose addresses are then used to reach the
 * peer.
 */
peer: string, } | { "request": "domain",
/**
 * The domain.
 */
name: string,
/**
 * Whether the key that it names is remembered, in place of another one.
 */
accept: boolean, } | { "request": "invite" } & InviteRequest | { "request": "allow",
/**
 * The service's name.
 */
service: string,
/**
 * Pet names, id52s, `group:NAME`, `anyone`; nobody when empty.
 */
allow: Array<string>, } | { "request": "requests" } | { "request": "admit",
/**
 * A pet name or an id52; also the beginning of the id52 of one that has asked.
 */
peer: string,
/**
 * The service's name; what it has asked for when missing.
 */
service?: string, } & ({ "admission": "once" } | { "admission": "for",
/**
 * Seconds, at least one.
 */
secs: number, } | { "admission": "always" }) | { "request": "deny",
/**
 * A pet name or an id52; also the beginning of the id52 of one that has asked.
 */
peer: string,
/**
 * The service's name; all of them when missing.
 */
service?: string, } | { "request": "block",
/**
 * A pet name or an id52; also the beginning of the id52 of one that has asked.
 */
peer: string,
/**
 * Whether it is blocked from here on.
 */
blocked: boolean, } | { "request": "invites" } | { "request": "revoke",
/**
 * The name of an invite, or of a service whose links are all meant.
 */
invite: string, } | { "request": "end-in",
/**
 * The name of a share that `malai.toml` does not keep.
 */
service: string,
/**
 * Seconds from now; it goes on until it is stopped when missing.
 */
secs?: number, } | { "request": "log" } & LogRequest | { "request": "describe",
/**
 * The service's name.
 */
service: string,
/**
 * At most 200 characters, on one line; nothing when missing or empty.
 */
description?: string, } | { "request": "group-put",
/**
 * The group's name.
 */
name: string,
/**
 * Pet names, id52s and `group:NAME`.
 */
members: Array<string>, } | { "request": "group-remove",
/**
 * The group's name.
 */
name: string, } | { "request": "check",
/**
 * The service's name.
 */
service: string, } | { "request": "doctor",
/**
 * A pet name, an id52, a domain, or a share link, whose addresses are then used to reach the
 * peer; its invite is not.
 */
peer?: string, } | { "request": "qr",
/**
 * What it says, at most 2048 bytes.
 */
text: string, } | { "request": "settings" } | { "request": "set-network" } & NetworkSettings | { "request": "set-gateway",
/**
 * A port or `ip:port`, where port 0 takes the one it had before or a free one; off when
 * missing.
 */
listen?: string,
/**
 * Whether it is written to `malai.toml`; otherwise it holds until the engine ends.
 */
keep: boolean, } | { "request": "set-name",
/**
 * A pet name; nothing is suggested when missing.
 */
name?: string, } | { "request": "export-identity",
/**
 * The file, an absolute path; it must not be there yet.
 */
path: string,
/**
 * What the copy is encrypted with; without it, it is the key as it is.
 */
passphrase?: Passphrase, } | { "request": "import-identity",
/**
 * The file, an absolute path.
 */
path: string,
/**
 * What it was encrypted with, if it was.
 */
passphrase?: Passphrase, } | { "request": "rotate",
/**
 * Whether the present key is dropped instead of put aside.
 */
forget_old: boolean, };

/**
 * The answer to one request.
 */
export type Response = { "response": "identity" } & IdentityStatus | { "response": "status" } & Status | { "response": "metrics",
/**
 * In the text format of Prometheus, version 0.0.4.
 */
text: string, } | { "response": "shared",
/**
 * The service as it is.
 */
service: ServiceStatus,
/**
 * Whether something answers at its upstream.
 */
answers: boolean, } | { "response": "bridged" } & BridgeStatus | { "response": "stopped",
/**
 * Its name.
 */
name: string,
/**
 * Whether `malai.toml` still has it, as inactive.
 */
kept: boolean, } | { "response": "peers",
/**
 * One for each.
 */
peers: Array<PeerStatus>, } | { "response": "detected",
/**
 * One for each port.
 */
servers: Array<DevServer>, } | { "response": "link" } & LinkTarget | { "response": "nearby",
/**
 * At most 64, by id52.
 */
peers: Array<NearbyPeer>, } | { "response": "services",
/**
 * Whose they are.
 */
peer: string,
/**
 * One for each, by name.
 */
services: Array<OfferedService>, } | { "response": "domain" } & DomainReport | { "response": "invited",
/**
 * The service's name.
 */
service: string,
/**
 * The share link, with the invite's secret in it.
 */
link: string,
/**
 * Names the invite, to revoke it.
 */
id: string,
/**
 * The PIN to tell by other means than the link.
 */
pin?: string, } | { "response": "requests",
/**
 * One for each peer and service.
 */
requests: Array<AccessRequest>, } | { "response": "access",
/**
 * The peer's id52.
 */
peer: string,
/**
 * The services it was let in to or is denied from here on.
 */
services: Array<string>,
/**
 * The services that `malai.toml` lets it use all the same.
 */
still_allowed: Array<string>, } | { "response": "invites",
/**
 * One for each.
 */
invites: Array<InviteStatus>, } | { "response": "revoked",
/**
 * How many.
 */
invites: number,
/**
 * How many peers have lost what they had by them.
 */
guests: number, } | { "response": "log",
/**
 * One for each line.
 */
entries: Array<LogEntry>, } | { "response": "checked",
/**
 * One for each thing that was looked at.
 */
checks: Array<Check>, } | { "response": "diagnosis" } & Diagnosis | { "response": "qr" } & QrCode | { "response": "settings" } & Settings | { "response": "rotated",
/**
 * Who we were up to then.
 */
former: string,
/**
 * Who we are from then on.
 */
id52: string,
/**
 * Where the former key is, when it was put aside.
 */
notice?: string, } | { "response": "done" } | { "response": "error" } & Failure;

/**
 * One service that is shared.
 */
export type ServiceStatus = {
/**
 * Its name.
 */
name: string,
/**
 * How it is carried.
 */
protocol: Protocol,
/**
 * Where its traffic goes.
 */
upstream: Array<string>,
/**
 * What those who may use it see of it besides its name.
 */
description?: string,
/**
 * Who may use it, as written; nobody when empty.
 */
allow: Array<string>,
/**
 * Whether it is offered now.
 */
active: boolean,
/**
 * Whether `malai.toml` has it.
 */
kept: boolean,
/**
 * The link that others open.
 */
link: string,
/**
 * Seconds until it ends by itself.
 */
ends_in_secs?: number,
/**
 * Whether something answers at its upstream; unknown until it was looked at.
 */
answers?: boolean,
/**
 * Its backends, while it is active: as health checks and traffic have found them.
 */
backends: Array<BackendStatus>,
/**
 * Those who were let in beyond `allow`.
 */
guests: Array<Guest>,
/**
 * Whether a link that was made with an invite can still let somebody in.
 */
invites: boolean,
/**
 * What went through it.
 */
traffic: Traffic,
/**
 * How that went.
 */
measured: Measured, };

/**
 * Where things live and how the network is used.
 */
export type Settings = {
/**
 * The directory of this engine.
 */
home: string,
/**
 * `malai.toml`; empty when there is none to keep things in.
 */
config: string,
/**
 * The directory of log files.
 */
logs: string,
/**
 * What we suggest that others call us.
 */
name?: string,
/**
 * Where the gateway listens, as `malai.toml` says; missing while it is off.
 */
gateway?: string,
/**
 * How the network is used, as `malai.toml` says.
 */
network: NetworkSettings,
/**
 * Whether something has changed that only a restart brings into force.
 */
restart_needed: boolean, };

/**
 * What to share and with whom.
 */
export type ShareRequest = {
/**
 * Where the traffic goes: ports, `host:port`, URLs or `unix:/path`; at least one.
 */
upstream: Array<string>,
/**
 * The service's name; `port-3000` and the like when missing.
 */
name?: string,
/**
 * How it is carried.
 */
protocol: Protocol,
/**
 * Who may use it: pet names, id52s, `group:NAME`, `anyone`; nobody when empty.
 */
allow: Array<string>,
/**
 * What those who may use it see of it besides its name: at most 200 characters, on one line.
 */
description?: string,
/**
 * Seconds after which the share ends by itself.
 */
for_secs?: number,
/**
 * Whether it is written to `malai.toml` and outlives whoever asked.
 */
keep: boolean,
/**
 * Whether it is refused, with `nothing-answers`, while nothing answers at its upstream.
 */
must_answer: boolean,
/**
 * Whether the upstream of a TCP service is told who comes, by PROXY protocol version 2; when
 * missing, as `malai.toml` says of a service that is kept under this name, and else not.
 */
proxy_protocol?: boolean, };

/**
 * Everything an engine shares and bridges.
 */
export type Status = {
/**
 * Who it is.
 */
identity: IdentityStatus,
/**
 * malai's version.
 */
version: string,
/**
 * The engine's process.
 */
pid: number,
/**
 * Seconds since it started.
 */
uptime_secs: number,
/**
 * How far it can be reached from.
 */
reach: Reach,
/**
 * The relay through which it can be reached, when there is one.
 */
relay?: string,
/**
 * The addresses at which it can be reached directly, `ip:port`.
 */
addresses: Array<string>,
/**
 * What it shares.
 */
services: Array<ServiceStatus>,
/**
 * Its bridges.
 */
bridges: Array<BridgeStatus>,
/**
 * Peers with a pet name, and those connected without one.
 */
peers: Array<PeerStatus>,
/**
 * Groups of peers, by name.
 */
groups: Array<GroupStatus>,
/**
 * Those who have asked to be let in and were not answered, the earliest first.
 */
requests: Array<AccessRequest>,
/**
 * Whoever is refused everything, as written: pet names, id52s and `group:NAME`.
 */
blocked: Array<string>,
/**
 * The gateway's address, when it is on.
 */
gateway?: string,
/**
 * What the process uses.
 */
engine: EngineStatus,
/**
 * The long-lived operations as a tree.
 */
operations: Operation, };

/**
 * What has let a peer in that `malai.toml` does not name.
 */
export type Through = "invite" | "owner";

/**
 * What went through a share or bridge since it began.
 */
export type Traffic = {
/**
 * Requests, or connections of a TCP service.
 */
requests: number,
/**
 * Streams open at this moment.
 */
streams_open: number,
/**
 * Bytes from the one who asks to the service.
 */
bytes_in: number,
/**
 * Bytes from the service to the one who asks.
 */
bytes_out: number, };

/**
 * How something is.
 */
export type Verdict = "skipped" | "ok" | "warning" | "problem";
