//! The one loop that decides: clicks, links and the engine's news in, requests and effects out.
//!
//! It owns what the tray shows beyond the engine's status: servers that were found, the link on
//! the clipboard, what peers offer. What takes a while runs beside it in bounded number and comes
//! back as an [`Input`].

mod asking;
mod flows;
mod looking;
mod texts;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use malai_api::{DevServer, EngineState, Event, Navigation, OfferedService, Status, codes};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc, watch,
    },
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tracing::{debug, error, warn};

use crate::{
    asking::{Answer, Wish},
    engine::Done,
    host::Host,
    menu::{Action, CopiedLink, Facts, Menu},
    shell::{Notice, Shell},
    tray::Icon,
};

/// Inputs that wait; beyond it clicks are lost, which nobody makes so fast.
const INBOX: usize = 64;

/// Flows that run at once; a click beyond it is told to come again.
const MOST_FLOWS: usize = 16;

/// Between two looks for dev servers: one that was just started is in the menu by the time its
/// user has got there.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// How long an engine that was told to hurry may take before the application ends without it.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Something to react to.
#[derive(Debug)]
pub(crate) enum Input {
    /// A row of the tray menu was clicked: the ids that lead to it.
    Clicked(String),
    /// A question was answered where it was put.
    Answered { wish: Wish, answer: Answer },
    /// The clipboard has this text, if it is a share link.
    Clipboard(Option<String>),
    /// Somebody wants to see the window.
    Show(Navigation),
    /// Somebody wants all of it to end.
    Quit,
    /// These servers listen.
    Found(Vec<DevServer>),
    /// What the link on the clipboard leads to.
    Copied(Option<CopiedLink>),
    /// What a peer offers us, if it said so.
    Offered {
        peer: String,
        services: Option<Vec<OfferedService>>,
    },
}

/// The way to the controller.
pub(crate) type Inbox = mpsc::Sender<Input>;

/// The loop's state.
#[derive(Debug)]
pub(crate) struct Controller<S> {
    host: Host,
    shell: S,
    inbox: mpsc::Receiver<Input>,
    back: Inbox,
    state: watch::Receiver<EngineState>,
    status: watch::Receiver<Option<Arc<Status>>>,
    events: broadcast::Receiver<Event>,
    flows: JoinSet<()>,
    servers: Vec<DevServer>,
    looks: bool,
    copied: Option<CopiedLink>,
    offers: BTreeMap<String, Vec<OfferedService>>,
    /// Connected peers that were asked what they offer.
    asked: BTreeMap<String, looking::Asked>,
    /// Questions that were put to the user, and when they were asked.
    questions: BTreeMap<Wish, u64>,
    shown: Menu,
    quitting: bool,
    /// When the engine, told to hurry, is waited for no longer.
    give_up_at: Option<Instant>,
}

impl<S: Shell> Controller<S> {
    /// A controller and the way to it.
    pub(crate) fn new(host: Host, shell: S) -> (Self, Inbox) {
        let (back, inbox) = mpsc::channel(INBOX);
        let controller = Self {
            state: host.state(),
            status: host.status(),
            events: host.events(),
            host,
            shell,
            inbox,
            back: back.clone(),
            flows: JoinSet::new(),
            servers: Vec::new(),
            looks: false,
            copied: None,
            offers: BTreeMap::new(),
            asked: BTreeMap::new(),
            questions: BTreeMap::new(),
            shown: Menu::default(),
            quitting: false,
            give_up_at: None,
        };
        (controller, back)
    }

    /// Runs until the engine has ended, then ends the application.
    pub(crate) async fn run(mut self, mut done: Done) {
        let mut looks = interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.refresh_tray();
            // Every branch is cancel safe; what is taken from a queue is handled before the next
            // turn.
            tokio::select! {
                biased;
                ended = &mut done => {
                    if ended.is_err() || !self.quitting {
                        error!("the engine's thread has ended by itself");
                    }
                    return self.shell.exit(i32::from(ended.is_err()));
                }
                input = self.inbox.recv() => match input {
                    Some(input) => self.on(input),
                    None => return,
                },
                Ok(()) = self.state.changed() => self.on_state(),
                Ok(()) = self.status.changed() => {
                    self.ask_peers();
                    self.put_questions();
                }
                event = self.events.recv() => match event {
                    Ok(event) => self.on_event(event),
                    Err(RecvError::Lagged(lost)) => debug!(lost, "events came too fast"),
                    Err(RecvError::Closed) => return,
                },
                Some(flow) = self.flows.join_next() => {
                    if let Err(error) = flow {
                        error!(%error, "something that was asked for went wrong");
                    }
                }
                _ = looks.tick() => {
                    self.look();
                    self.ask_peers();
                }
                () = until(self.give_up_at) => {
                    warn!("the engine did not end in time");
                    return self.shell.exit(0);
                }
            }
        }
    }

    fn on(&mut self, input: Input) {
        match input {
            Input::Clicked(path) => match self.shown.action(&path).cloned() {
                Some(action) => self.act(action),
                None => debug!("a row was clicked that has just gone"),
            },
            Input::Answered { wish, answer } => self.act(Action::Answer { wish, answer }),
            Input::Clipboard(link) => self.read_clipboard(link),
            Input::Show(navigation) => self.shell.show(navigation),
            Input::Quit => self.quit(),
            Input::Found(servers) => {
                self.looks = false;
                self.servers = servers;
            }
            Input::Copied(copied) => self.copied = copied,
            Input::Offered { peer, services } => self.offered(peer, services),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Show(navigation) => self.shell.show(navigation),
            Action::Retry => self.host.retry(),
            Action::Quit => self.quit(),
            action => {
                let flow = flows::run(self.host.clone(), self.shell.clone(), action);
                self.start(flow);
            }
        }
    }

    /// Runs beside the loop.
    fn start(&mut self, flow: impl Future<Output = ()> + Send + 'static) {
        if self.flows.len() < MOST_FLOWS {
            self.flows.spawn(flow);
        } else {
            warn!("too much at once; a click is passed over");
        }
    }

    fn on_state(&mut self) {
        let asks = matches!(*self.state.borrow(), EngineState::AsksForKeyFile { .. });
        if asks {
            // Nothing works until this is answered, so it is asked without waiting for a click.
            self.shell.show(Navigation::Home);
        }
        self.look();
        self.put_questions();
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Error { code, message } if code != codes::EVENTS_LOST => {
                self.shell.notify(Notice {
                    title: texts::NEEDS_A_LOOK.to_owned(),
                    body: message,
                    show: Navigation::Home,
                    failed: false,
                });
            }
            Event::Rotated {
                name: Some(name), ..
            } => self.shell.notify(Notice {
                title: texts::has_a_new_key(&name),
                body: texts::NEW_KEY_BODY.to_owned(),
                show: Navigation::Peers,
                failed: false,
            }),
            // Whoever starts or stops sharing may have started or stopped a server, too.
            Event::Shared { .. } | Event::Stopped { .. } => self.look(),
            _ => {}
        }
    }

    fn quit(&mut self) {
        self.host.stop();
        if self.quitting {
            self.give_up_at.get_or_insert(Instant::now() + AT_ONCE);
        }
        self.quitting = true;
    }

    fn refresh_tray(&mut self) {
        // Not marked as seen: what else follows from a change is for the loop to do.
        let engine = self.state.borrow().clone();
        let status = self.status.borrow().clone();
        let menu = Menu::of(&Facts {
            engine: &engine,
            status: status.as_deref(),
            servers: &self.servers,
            copied: self.copied.as_ref(),
            offers: &self.offers,
        });
        if menu != self.shown {
            let icon = Icon::of(&engine, status.as_deref());
            self.shell.set_tray(menu.clone(), icon);
            self.shown = menu;
        }
    }
}

/// Resolves at `deadline`; never without one.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
