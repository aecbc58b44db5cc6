//! A controller that runs, a shell that records, and an engine that the test plays.

use std::time::Duration;

use malai_api::{DevServer, EngineState, Event, Navigation, Request, Response, Status};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    asking::{Question, Wish},
    controller::{Controller, Inbox, Input},
    host::{Host, HostEnd, Order},
    menu::Menu,
    samples::status,
    shell::{Notice, Shell},
    tray::Icon,
};

/// How long anything may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Did {
    Copied(String),
    Notified {
        title: String,
        body: String,
        show: Navigation,
    },
    Failed {
        title: String,
        body: String,
    },
    Asked(Question),
    Withdrew(Wish),
    Told(String),
    Opened(String),
    Showed(Navigation),
    Exited(i32),
}

#[derive(Debug, Clone)]
struct Recorder {
    done: mpsc::Sender<Did>,
    menu: watch::Sender<(Menu, Option<Icon>)>,
    clipboard_works: bool,
}

impl Recorder {
    fn did(&self, did: Did) {
        self.done.try_send(did).unwrap();
    }
}

impl Shell for Recorder {
    fn set_tray(&self, menu: Menu, icon: Icon) {
        self.menu.send_replace((menu, Some(icon)));
    }

    fn show(&self, navigation: Navigation) {
        self.did(Did::Showed(navigation));
    }

    fn notify(&self, notice: Notice) {
        let Notice {
            title,
            body,
            show,
            failed,
        } = notice;
        self.did(if failed {
            Did::Failed { title, body }
        } else {
            Did::Notified { title, body, show }
        });
    }

    fn ask(&self, question: Question) {
        self.did(Did::Asked(question));
    }

    fn withdraw(&self, wish: Wish) {
        self.did(Did::Withdrew(wish));
    }

    fn tell_window(&self, event: Event) {
        let Event::Error { code, .. } = event else {
            panic!("{event:?}");
        };
        self.did(Did::Told(code));
    }

    async fn copy(&self, text: String) -> anyhow::Result<()> {
        anyhow::ensure!(self.clipboard_works, "no clipboard");
        self.did(Did::Copied(text));
        Ok(())
    }

    async fn open(&self, url: String) -> anyhow::Result<()> {
        self.did(Did::Opened(url));
        Ok(())
    }

    fn exit(&self, code: i32) {
        self.did(Did::Exited(code));
    }
}

/// A controller that runs, and everything around it.
pub(super) struct Lab {
    pub(super) end: HostEnd,
    pub(super) inbox: Inbox,
    pub(super) did: mpsc::Receiver<Did>,
    pub(super) menu: watch::Receiver<(Menu, Option<Icon>)>,
    pub(super) ended: Option<oneshot::Sender<()>>,
    pub(super) servers: Vec<DevServer>,
    pub(super) running: JoinHandle<()>,
}

impl Lab {
    pub(super) fn start() -> Self {
        Self::with(true)
    }

    #[expect(clippy::disallowed_methods, reason = "the test owns it")]
    pub(super) fn with(clipboard_works: bool) -> Self {
        let (host, end) = Host::new();
        let (done, did) = mpsc::channel(64);
        let (menu_out, menu) = watch::channel((Menu::default(), None));
        let shell = Recorder {
            done,
            menu: menu_out,
            clipboard_works,
        };
        let (controller, inbox) = Controller::new(host, shell);
        let (ended, done) = oneshot::channel();
        let running = tokio::spawn(controller.run(done));
        end.state
            .send_replace(EngineState::Running { attached: false });
        end.status.send_replace(Some(std::sync::Arc::new(status())));
        Self {
            end,
            inbox,
            did,
            menu,
            ended: Some(ended),
            servers: Vec::new(),
            running,
        }
    }

    pub(super) fn status(&self, change: impl FnOnce(&mut Status)) {
        let mut status = status();
        change(&mut status);
        self.end
            .status
            .send_replace(Some(std::sync::Arc::new(status)));
    }

    pub(super) async fn input(&self, input: Input) {
        self.inbox.send(input).await.unwrap();
    }

    /// Clicks the row at `path`, as soon as it is there.
    pub(super) async fn click(&mut self, path: &str) {
        let is_there = |(menu, _): &(Menu, Option<Icon>)| menu.action(path).is_some();
        self.until(is_there).await;
        self.input(Input::Clicked(path.to_owned())).await;
    }

    /// Waits for a menu, letting the engine find servers meanwhile.
    pub(super) async fn until(&mut self, is_so: impl Fn(&(Menu, Option<Icon>)) -> bool) {
        let mut menu = self.menu.clone();
        let waiting = async {
            loop {
                tokio::select! {
                    shown = menu.wait_for(&is_so) => {
                        shown.unwrap();
                        return;
                    }
                    order = self.end.orders.recv() => detect(order.unwrap(), &self.servers),
                }
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .expect("the menu never came");
    }

    /// Answers the next request that is no look for servers.
    pub(super) async fn answer(&mut self, response: impl Into<Response>) -> Request {
        let asked = async {
            loop {
                match self.end.orders.recv().await.unwrap() {
                    Order::Ask {
                        request: Request::Detect,
                        reply,
                    } => {
                        let servers = self.servers.clone();
                        reply.send(Response::Detected { servers }).unwrap();
                    }
                    Order::Ask { request, reply } => return (request, reply),
                    order => panic!("{order:?}"),
                }
            }
        };
        let (request, reply) = timeout(PATIENCE, asked).await.expect("nothing is asked");
        reply.send(response.into()).unwrap();
        request
    }

    pub(super) async fn did(&mut self) -> Did {
        let did = timeout(PATIENCE, self.did.recv()).await;
        did.expect("nothing is done").unwrap()
    }
}

fn detect(order: Order, servers: &[DevServer]) {
    let Order::Ask {
        request: Request::Detect,
        reply,
    } = order
    else {
        panic!("{order:?}");
    };
    let servers = servers.to_vec();
    reply.send(Response::Detected { servers }).unwrap();
}
