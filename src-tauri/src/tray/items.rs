//! The items of the real menu, in the same order as the rows they show.

use anyhow::{Context as _, bail};
use tauri::{
    AppHandle, Wry,
    menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu},
};

use super::diff::Edit;
use crate::menu::{Kind, Row};

/// All items.
pub(super) struct Items {
    root: Menu<Wry>,
    items: Vec<Item>,
}

struct Item {
    /// The ids that lead here, joined by `/`.
    path: String,
    shape: Shape,
}

enum Shape {
    Single(MenuItem<Wry>),
    Sub(Submenu<Wry>, Vec<Item>),
    Separator(PredefinedMenuItem<Wry>),
}

/// Where items are put in and taken out.
enum Parent<'a> {
    Root(&'a Menu<Wry>),
    Sub(&'a Submenu<Wry>),
}

impl Items {
    pub(super) fn new(app: &AppHandle) -> anyhow::Result<Self> {
        Ok(Self {
            root: Menu::new(app).context("cannot make the tray's menu")?,
            items: Vec::new(),
        })
    }

    pub(super) fn root(&self) -> &Menu<Wry> {
        &self.root
    }

    /// Does one step.
    pub(super) fn apply(&mut self, app: &AppHandle, edit: Edit) -> anyhow::Result<()> {
        match edit {
            Edit::Remove { path, index } => {
                let (parent, _, items) = self.at(&path)?;
                let item = items.get(index).context("no such row")?;
                parent.remove(item.as_item())?;
                items.remove(index);
            }
            Edit::Insert { path, index, row } => {
                let (parent, prefix, items) = self.at(&path)?;
                let item = Item::new(app, &prefix, row)?;
                parent.insert(item.as_item(), index)?;
                items.insert(index, item);
            }
            Edit::SetText { path, index, text } => {
                let (_, _, items) = self.at(&path)?;
                if let Shape::Single(item) = &items.get(index).context("no such row")?.shape {
                    item.set_text(escape(&text))?;
                }
            }
            Edit::SetEnabled {
                path,
                index,
                enabled,
            } => {
                let (_, _, items) = self.at(&path)?;
                if let Shape::Single(item) = &items.get(index).context("no such row")?.shape {
                    item.set_enabled(enabled)?;
                }
            }
        }
        Ok(())
    }

    /// The parent at `path`, the ids that lead to it, and its items.
    fn at(&mut self, path: &[usize]) -> anyhow::Result<(Parent<'_>, String, &mut Vec<Item>)> {
        let mut parent = Parent::Root(&self.root);
        let mut prefix = String::new();
        let mut items = &mut self.items;
        for index in path {
            let item = items.get_mut(*index).context("no such submenu")?;
            let Shape::Sub(submenu, children) = &mut item.shape else {
                bail!("this row is no submenu");
            };
            parent = Parent::Sub(submenu);
            prefix.clone_from(&item.path);
            items = children;
        }
        Ok((parent, prefix, items))
    }
}

impl Item {
    fn new(app: &AppHandle, prefix: &str, row: Row) -> anyhow::Result<Self> {
        let path = if prefix.is_empty() {
            row.id
        } else {
            format!("{prefix}/{}", row.id)
        };
        let text = escape(&row.text);
        let single = |enabled| MenuItem::with_id(app, &path, &text, enabled, None::<&str>);
        let shape = match row.kind {
            Kind::Info => Shape::Single(single(false)?),
            Kind::Act(_) => Shape::Single(single(true)?),
            Kind::Separator => Shape::Separator(PredefinedMenuItem::separator(app)?),
            Kind::Sub(rows) => {
                let submenu = Submenu::with_id(app, &path, &text, true)?;
                let mut items = Vec::with_capacity(rows.len());
                for row in rows {
                    let item = Self::new(app, &path, row)?;
                    submenu.append(item.as_item())?;
                    items.push(item);
                }
                Shape::Sub(submenu, items)
            }
        };
        Ok(Self { path, shape })
    }

    fn as_item(&self) -> &dyn IsMenuItem<Wry> {
        match &self.shape {
            Shape::Single(item) => item,
            Shape::Sub(submenu, _) => submenu,
            Shape::Separator(line) => line,
        }
    }
}

impl Parent<'_> {
    fn insert(&self, item: &dyn IsMenuItem<Wry>, index: usize) -> tauri::Result<()> {
        match self {
            Self::Root(menu) => menu.insert(item, index),
            Self::Sub(submenu) => submenu.insert(item, index),
        }
    }

    fn remove(&self, item: &dyn IsMenuItem<Wry>) -> tauri::Result<()> {
        match self {
            Self::Root(menu) => menu.remove(item),
            Self::Sub(submenu) => submenu.remove(item),
        }
    }
}

/// A single `&` would underline what follows as a shortcut.
fn escape(text: &str) -> String {
    text.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn a_name_makes_no_shortcut() {
        assert_eq!(escape("R&D _shop_"), "R&&D _shop_");
    }
}
