//! Changes the user's file for the user: only what changed is touched, the rest stays as written.
//!
//! A file that is not valid is never touched, and a change is only written when the whole file is
//! valid with it and says exactly what was asked; so no edit can lose text or open access.

use std::{fmt, net::SocketAddr, path::Path};

use toml_edit::{Decor, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{
    BridgeConfig, Config, ConfigError, GroupConfig, LookupConfig, Parsed, PeerConfig, PeerName,
    PolicyConfig, RelayConfig, ServiceConfig, file, parse,
};

mod section;
mod spread;
mod value;

/// Changes of one edit; each takes effect when the edit is written.
pub struct Editor {
    document: DocumentMut,
    /// What the document says, changes included.
    config: Config,
}

impl fmt::Debug for Editor {
    /// Without the text, which can hold invites.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Editor");
        shown.field("config", &self.config).finish_non_exhaustive()
    }
}

/// Changes the file at `path` and returns what it then says.
///
/// The file is made when it is missing; a symbolic link is followed. Blocks for the time of a disk
/// write, so an async caller uses a thread for blocking work.
///
/// # Errors
/// [`ConfigError`]; the file is then as it was.
pub fn edit(path: &Path, change: impl FnOnce(&mut Editor)) -> Result<Parsed, ConfigError> {
    let lock = file::lock(path)?;
    let target = file::target(path);
    let bytes = file::read(&target)?;
    let before = file::text(path, bytes.clone())?.unwrap_or_default();
    let parsed = parse(&before).map_err(|error| ConfigError::Invalid(path.into(), error))?;
    let Ok(document) = before.parse::<DocumentMut>() else {
        return Err(ConfigError::NoForm(path.into()));
    };
    let mut editor = Editor {
        document,
        config: parsed.config.clone(),
    };
    change(&mut editor);
    let after = editor.text(&before);
    if after == before && editor.config == parsed.config {
        return Ok(parsed);
    }
    let parsed = parse(&after).map_err(|error| ConfigError::Refused(path.into(), error))?;
    if parsed.config != editor.config {
        return Err(ConfigError::NoForm(path.into()));
    }
    if file::read(&target)? != bytes {
        return Err(ConfigError::Changed(path.into()));
    }
    file::write(&target, &after)?;
    drop(lock);
    Ok(parsed)
}

impl Editor {
    /// The configuration with the changes made so far.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Adds a service, or changes it to this.
    pub fn put_service(&mut self, name: &str, service: &ServiceConfig) {
        let old = self
            .config
            .services
            .insert(name.to_owned(), service.clone());
        if let Some(table) = self.section("service", name) {
            section::service(table, old.as_ref(), service);
        }
    }

    /// Removes a service; tells whether there was one.
    pub fn remove_service(&mut self, name: &str) -> bool {
        self.remove("service", name);
        self.config.services.remove(name).is_some()
    }

    /// Adds a peer, or changes it to this.
    pub fn put_peer(&mut self, name: &str, peer: &PeerConfig) {
        let old = self.config.peers.insert(name.to_owned(), peer.clone());
        if let Some(table) = self.section("peer", name) {
            section::peer(table, old.as_ref(), peer);
        }
    }

    /// Removes a peer; tells whether there was one.
    ///
    /// The edit is refused when a rule or bridge still names it.
    pub fn remove_peer(&mut self, name: &str) -> bool {
        self.remove("peer", name);
        self.config.peers.remove(name).is_some()
    }

    /// Adds a group, or changes it to this.
    ///
    /// The edit is refused when the groups then go in a circle.
    pub fn put_group(&mut self, name: &str, group: &GroupConfig) {
        let old = self.config.groups.insert(name.to_owned(), group.clone());
        if let Some(table) = self.section("group", name) {
            section::group(table, old.as_ref(), group);
        }
    }

    /// Removes a group; tells whether there was one.
    ///
    /// The edit is refused when a rule or another group still names it.
    pub fn remove_group(&mut self, name: &str) -> bool {
        self.remove("group", name);
        self.config.groups.remove(name).is_some()
    }

    /// Says which relays are used, how addresses of peers are found, and whether the local network
    /// may see us.
    pub fn put_network(&mut self, relay: &RelayConfig, lookup: &[LookupConfig], visible: bool) {
        let old = self.config.network.clone();
        self.config.network.relay = relay.clone();
        self.config.network.lookup = lookup.to_vec();
        self.config.network.visible = visible;
        if self.config.network == old {
            return;
        }
        let new = self.config.network.clone();
        if let Some(table) = self.table("network") {
            section::network(table, &old, &new);
        }
    }

    /// Says what holds for all services.
    pub fn put_policy(&mut self, policy: &PolicyConfig) {
        let old = std::mem::replace(&mut self.config.policy, policy.clone());
        if old == *policy {
            return;
        }
        if let Some(table) = self.table("policy") {
            section::policy(table, &old, policy);
        }
    }

    /// Says where the gateway listens; nowhere turns it off.
    pub fn put_gateway(&mut self, listen: Option<SocketAddr>) {
        if self.config.gateway.listen == listen {
            return;
        }
        self.config.gateway.listen = listen;
        if let Some(table) = self.table("gateway") {
            value::put(table, "listen", listen.map(|it| it.to_string().into()));
        }
    }

    /// Says what others may call us.
    pub fn put_name(&mut self, name: Option<&str>) {
        if self.config.name.as_deref() == name {
            return;
        }
        self.config.name = name.map(str::to_owned);
        if let Some(table) = self.table("engine") {
            value::put(table, "name", name.map(Value::from));
        }
    }

    /// Adds a bridge, or changes it to this.
    pub fn put_bridge(&mut self, name: &str, bridge: &BridgeConfig) {
        let mut bridge = bridge.clone();
        for target in &mut bridge.to {
            // Hints and invites can only be written in a link, and a link names a key.
            let has_hints = !target.addresses.is_empty() || target.relay.is_some();
            if let PeerName::Pet(pet) = &target.peer
                && (has_hints || target.invite.is_some())
                && let Some(peer) = self.config.peers.get(pet)
            {
                target.peer = PeerName::Key(peer.id);
            }
        }
        let old = self.config.bridges.insert(name.to_owned(), bridge.clone());
        if let Some(table) = self.section("bridge", name) {
            section::bridge(table, old.as_ref(), &bridge);
        }
    }

    /// Removes a bridge; tells whether there was one.
    pub fn remove_bridge(&mut self, name: &str) -> bool {
        self.remove("bridge", name);
        self.config.bridges.remove(name).is_some()
    }

    /// The table `[name]`, made when it is missing.
    fn table(&mut self, name: &str) -> Option<&mut dyn TableLike> {
        if self.document.is_empty() {
            self.begin();
        }
        let new = Item::Table(Table::new());
        self.document.entry(name).or_insert(new).as_table_like_mut()
    }

    /// The table `[kind.name]`, made when it is missing.
    fn section(&mut self, kind: &str, name: &str) -> Option<&mut dyn TableLike> {
        if self.document.is_empty() {
            self.begin();
        }
        let root = self.document.as_table_mut();
        let outer = root.entry(kind).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let new = match outer {
            Item::Value(_) => Item::Value(Value::InlineTable(InlineTable::new())),
            Item::Table(_) | Item::ArrayOfTables(_) | Item::None => Item::Table(Table::new()),
        };
        let inner = outer.as_table_like_mut()?.entry(name).or_insert(new);
        inner.as_table_like_mut()
    }

    /// Makes an empty file one of this version, below whatever comments it has.
    fn begin(&mut self) {
        let above = self
            .document
            .trailing()
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.document.insert("version", Item::Value(Value::from(1)));
        if let Some(mut key) = self.document.key_mut("version") {
            key.leaf_decor_mut().set_prefix(above);
        }
        self.document.set_trailing("");
    }

    fn remove(&mut self, kind: &str, name: &str) {
        let Some(outer) = self
            .document
            .get_mut(kind)
            .and_then(Item::as_table_like_mut)
        else {
            return;
        };
        if let Some(Item::Table(removed)) = outer.remove(name) {
            self.keep_text_above(&removed);
        }
    }

    /// Keeps what stands above a removed table and is not about it: all up to the last blank line.
    fn keep_text_above(&mut self, removed: &Table) {
        let Some((above, _)) = prefix(removed.decor()).rsplit_once("\n\n") else {
            return;
        };
        if !above.contains('#') {
            return;
        }
        let above = format!("{above}\n");
        let after = removed.position().unwrap_or(isize::MAX);
        match next_table(self.document.as_table_mut(), after) {
            Some(next) => {
                let joined = format!("{above}{}", prefix(next.decor()));
                next.decor_mut().set_prefix(joined);
            }
            None => {
                let trailing = self.document.trailing().as_str().unwrap_or_default();
                let joined = format!("{above}{trailing}");
                self.document.set_trailing(joined);
            }
        }
    }

    /// The document as text, with the line ends that it had.
    fn text(&self, before: &str) -> String {
        let text = self.document.to_string();
        let text = match before.starts_with(BYTE_ORDER_MARK) && !text.starts_with(BYTE_ORDER_MARK) {
            true => format!("{BYTE_ORDER_MARK}{text}"),
            false => text,
        };
        if before.contains("\r\n") {
            text.replace("\r\n", "\n").replace('\n', "\r\n")
        } else {
            text
        }
    }
}

/// What some editors put before the first character of a UTF-8 file.
const BYTE_ORDER_MARK: char = '\u{feff}';

fn prefix(decor: &Decor) -> &str {
    decor
        .prefix()
        .and_then(|text| text.as_str())
        .unwrap_or_default()
}

/// The first table of the file that stands after a position.
fn next_table(root: &mut Table, after: isize) -> Option<&mut Table> {
    let mut positions = Vec::new();
    collect_positions(root, &mut positions);
    let position = positions
        .into_iter()
        .filter(|position| *position > after)
        .min()?;
    at_position(root, position)
}

fn collect_positions(table: &Table, positions: &mut Vec<isize>) {
    if !table.is_implicit() && !table.is_dotted() {
        positions.extend(table.position());
    }
    for (_, item) in table {
        match item {
            Item::Table(table) => collect_positions(table, positions),
            Item::ArrayOfTables(tables) => {
                tables
                    .iter()
                    .for_each(|table| collect_positions(table, positions));
            }
            Item::Value(_) | Item::None => {}
        }
    }
}

fn at_position(table: &mut Table, position: isize) -> Option<&mut Table> {
    if table.position() == Some(position) && !table.is_implicit() && !table.is_dotted() {
        return Some(table);
    }
    table.iter_mut().find_map(|(_, item)| match item {
        Item::Table(table) => at_position(table, position),
        Item::ArrayOfTables(tables) => tables
            .iter_mut()
            .find_map(|table| at_position(table, position)),
        Item::Value(_) | Item::None => None,
    })
}
