//! The address on this machine that a browser comes back to (RFC 8252 §7.3): one page, for as long as one request is out.

use std::{io, net::TcpListener};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::{StatusCode, header},
    web::{self, Data},
};
use tokio::sync::mpsc;

use super::authorization::Asked;

/// Waits for an answer.
pub(crate) struct Receiver {
    answers: mpsc::Receiver<String>,
    handle: ServerHandle,
    server: tokio::task::JoinHandle<io::Result<()>>,
}

struct Desk {
    asked: Asked,
    answers: mpsc::Sender<String>,
}

impl Receiver {
    /// Begins to listen for the answer to this request; every other visitor is told that it is in the wrong place.
    ///
    /// # Errors
    /// When the system has no room for another listener.
    pub(crate) fn start(listeners: Vec<TcpListener>, path: &str, asked: Asked) -> io::Result<Self> {
        let (sender, answers) = mpsc::channel(1);
        let desk = Data::new(Desk { asked, answers: sender });
        let path = path.to_owned();
        let mut server = HttpServer::new(move || {
            let app = App::new().app_data(Data::clone(&desk)).route(&path, web::get().to(answer));
            app.default_service(web::to(async || page(StatusCode::NOT_FOUND, "There is nothing here.")))
        })
        .workers(1)
        .shutdown_timeout(1)
        .disable_signals();
        for listener in listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        Ok(Self { answers, handle: server.handle(), server: tokio::spawn(server) })
    }

    /// The query of the answer, and the end of listening.
    ///
    /// # Errors
    /// When the listener ended by itself.
    pub(crate) async fn answer(mut self) -> io::Result<String> {
        let answer = self.answers.recv().await;
        self.handle.stop(true).await;
        match answer {
            Some(answer) => Ok(answer),
            None => Err(self.server.await.map_or_else(io::Error::other, |ended| match ended {
                Err(error) => error,
                Ok(()) => io::Error::other("it ended"),
            })),
        }
    }
}

async fn answer(request: HttpRequest, desk: Data<Desk>) -> HttpResponse {
    let query = request.query_string();
    if !desk.asked.is_answered_by(query) {
        return page(StatusCode::BAD_REQUEST, "This is no answer to the request that countersign try is waiting for.");
    }
    // the first answer is the answer
    match desk.answers.try_send(query.to_owned()) {
        Ok(()) => page(StatusCode::OK, "countersign try has got the answer. You can close this page."),
        Err(_) => page(StatusCode::OK, "countersign try has got an answer already. You can close this page."),
    }
}

fn page(status: StatusCode, words: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>countersign try</title><h1>countersign try</h1><p>{words}</p>\n"
    );
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(html)
}
