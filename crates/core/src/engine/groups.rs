//! Requests about groups of peers: `malai.toml` is where they live.

use malai_api::{Failure, Response, codes};

use super::{keeper::Keeper, sharing::check_name};
use crate::config::{GroupConfig, Member};

impl Keeper {
    /// Makes a group, or gives it other members.
    pub(super) async fn group_put(
        &mut self,
        name: String,
        members: Vec<String>,
    ) -> Result<Response, Failure> {
        check_name(&name)?;
        let group = GroupConfig {
            members: self.group_members(&name, &members)?,
        };
        // Circles over several groups are found by the check of the whole file.
        self.edit(move |editor| editor.put_group(&name, &group))
            .await?;
        self.apply("a group has changed").await;
        Ok(Response::Done)
    }

    /// Removes a group that nobody counts on.
    pub(super) async fn group_remove(&mut self, name: String) -> Result<Response, Failure> {
        if !self.layers.file.groups.contains_key(&name) {
            let message = format!("there is no group `{name}`");
            return Err(Failure::new(codes::NAME_UNKNOWN, message));
        }
        let users = self.users_of(&name);
        if !users.is_empty() {
            let message = format!(
                "the group `{name}` is still in use by {}; take it out there first",
                users.join(", ")
            );
            return Err(Failure::new("group-in-use", message));
        }
        self.edit(move |editor| {
            editor.remove_group(&name);
        })
        .await?;
        self.apply("a group was removed").await;
        Ok(Response::Done)
    }

    fn group_members(&self, name: &str, texts: &[String]) -> Result<Vec<Member>, Failure> {
        let own = Member::Group(name.to_owned());
        if texts.contains(&own.to_string()) {
            let message = format!("the group `{name}` cannot be its own member");
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        }
        let members = self.members(texts)?;
        if members.contains(&Member::Anyone) {
            let message = "a group cannot hold `anyone`; let a service itself be for everybody";
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        }
        Ok(members)
    }

    /// The services and groups that name a group, those that are temporary included.
    fn users_of(&self, name: &str) -> Vec<String> {
        let group = Member::Group(name.to_owned());
        let kept = self.layers.file.services.iter();
        let temporary = self.layers.services.iter();
        let services = kept.chain(temporary.map(|(name, it)| (name, &it.config)));
        let services = services.filter(|(_, service)| service.allow.contains(&group));
        let groups = self.layers.file.groups.iter();
        let groups = groups.filter(|(_, other)| other.members.contains(&group));
        let mut users: Vec<String> = services
            .map(|(name, _)| format!("the service `{name}`"))
            .chain(groups.map(|(name, _)| format!("the group `{name}`")))
            .collect();
        users.dedup();
        users
    }
}
