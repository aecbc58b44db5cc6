//! Requests about who may use what: invites, allowed members, groups, and what a link leads to.

use malai_api::{Failure, InviteRequest, Response};

use super::keeper::Keeper;

impl Keeper {
    pub(super) fn read_link(&self, _link: &str) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }

    pub(super) async fn invite(&mut self, _request: InviteRequest) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }

    pub(super) async fn allow(
        &mut self,
        _service: String,
        _allow: Vec<String>,
    ) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }

    pub(super) async fn group_put(
        &mut self,
        _name: String,
        _members: Vec<String>,
    ) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }

    pub(super) async fn group_remove(&mut self, _name: String) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }
}
