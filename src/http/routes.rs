//! Every path, method, handler and metadata key: one table.

use std::{future::ready, rc::Rc};

use actix_web::{
    FromRequest, Handler, HttpRequest, Responder,
    body::BoxBody,
    dev::ServiceRequest,
    http::Method,
    middleware::{Next, from_fn},
    web::{self, ServiceConfig},
};

use super::{Shared, assets, compat, health, line, middleware, oauth, oidc, pages, refuse, resource};
use crate::{config::Config, protocol::dialect::Dialect};

/// The table. A row: path, what answers there, whether programs of other origins may call it, its metadata key.
fn routes() -> Vec<Route> {
    vec![
        // ── OAuth 2.0 ──
        at("/oauth2/authorize")
            .get(oauth::authorize::get)
            .post(oauth::authorize::post)
            .metadata("authorization_endpoint"),
        at("/oauth2/access_token").post(oauth::token::post).any_origin().metadata("token_endpoint"),
        // as django-oauth2-provider's documentation writes it
        at("/oauth2/access_token/").post(oauth::token::post).any_origin(),
        at("/oauth2/device_authorization")
            .post(oauth::device_authorization::post)
            .any_origin()
            .metadata("device_authorization_endpoint"),
        at("/oauth2/introspect").post(oauth::introspect::post).metadata("introspection_endpoint"),
        at("/oauth2/revoke").post(oauth::revoke::post).any_origin().metadata("revocation_endpoint"),
        at("/oauth2/register")
            .post(oauth::register::post)
            .there_if(oauth::register::is_on)
            .any_origin_if(oauth::register::is_open)
            .metadata("registration_endpoint"),
        at("/oauth2/register/{client_id}")
            .get(oauth::register::get)
            .put(oauth::register::put)
            .delete(oauth::register::delete)
            .there_if(oauth::register::is_on)
            .any_origin_if(oauth::register::is_open),
        at("/oauth2/jwks")
            .get(oauth::metadata::jwks)
            .head(oauth::metadata::jwks)
            .any_origin()
            .always()
            .metadata("jwks_uri"),
        // ── OpenID Connect ──
        at("/oauth2/userinfo")
            .get(oidc::userinfo::get)
            .post(oidc::userinfo::post)
            .any_origin()
            .metadata("userinfo_endpoint"),
        at("/oauth2/check_session")
            .get(oidc::check_session::get)
            .metadata("check_session_iframe")
            .named_if(oidc::check_session::is_offered),
        // ── a protected resource ──
        at("/api/verify").get(resource::get).post(resource::post),
        // ── people ──
        at("/").get(pages::home::get),
        at("/login").get(pages::login::get).post(pages::login::post),
        at(pages::sign_up::PATH).get(pages::sign_up::get).post(pages::sign_up::post),
        at(pages::device::PATH).get(pages::device::get).post(pages::device::post),
        at(pages::choose_account::PATH).get(pages::choose_account::get).post(pages::choose_account::post),
        at("/oauth2/logout").get(pages::logout::get).post(pages::logout::post).metadata("end_session_endpoint"),
        at("/setup").get(pages::setup::get).post(pages::setup::post),
        at("/account").get(pages::account::overview),
        at("/account/profile").get(pages::profile::get).post(pages::profile::post),
        at("/account/apps").get(pages::account::apps),
        at("/account/apps/{client_id}").post(pages::account::remove_app),
        at("/account/sessions").get(pages::account::sessions).post(pages::account::end_sessions),
        at("/assets/{hash}/style.css").get(assets::stylesheet),
        at("/assets/{hash}/icon.svg").get(assets::icon),
        at("/assets/{hash}/submit.js").get(assets::submit_script),
        at("/assets/{hash}/check_session.js").get(assets::check_session),
        at("/assets/logo/{client_id}/{hash}").get(assets::logo).head(assets::logo),
        // ── as GitHub has it ──
        at("/login/oauth/authorize").get(compat::github::authorize).of(Dialect::Github),
        at("/login/oauth/access_token")
            .get(compat::github::get_token)
            .post(compat::github::post_token)
            .of(Dialect::Github),
        at("/login/device/code").post(compat::github::device::code).of(Dialect::Github),
        at(compat::github::device::PAGE).get(compat::github::device::page).of(Dialect::Github),
        github_api("/api/v3", compat::github::api::root),
        github_api("/api/v3/", compat::github::api::root),
        github_api("/api/v3/user", compat::github::api::user),
        github_api("/api/v3/user/emails", compat::github::api::emails),
        github_api("/api/v3/user/orgs", compat::github::api::orgs),
        github_api("/api/v3/user/teams", compat::github::api::teams),
        github_api("/api/v3/user/repos", compat::github::api::repos),
        github_api("/api/v3/{rest:.*}", compat::github::api::nothing),
        github_api("/user", compat::github::api::user),
        github_api("/user/emails", compat::github::api::emails),
        github_api("/user/orgs", compat::github::api::orgs),
        github_api("/user/teams", compat::github::api::teams),
        github_api("/user/repos", compat::github::api::repos),
        github_api("/user/{rest:.*}", compat::github::api::nothing),
        // ── as Facebook has it ──
        at("/dialog/oauth").get(compat::facebook::dialog).of(Dialect::Facebook).versioned(),
        at("/oauth/access_token")
            .get(compat::facebook::get_token)
            .post(compat::facebook::post_token)
            .of(Dialect::Facebook)
            .versioned(),
        at("/debug_token").get(compat::facebook::debug_token).of(Dialect::Facebook).versioned(),
        at("/{who:me|[0-9]+}").get(compat::facebook::person).of(Dialect::Facebook).versioned(),
        at("/{who:me|[0-9]+}/permissions")
            .get(compat::facebook::permissions)
            .delete(compat::facebook::give_all_back)
            .of(Dialect::Facebook)
            .versioned(),
        at("/{who:me|[0-9]+}/permissions/{permission}")
            .delete(compat::facebook::give_back)
            .of(Dialect::Facebook)
            .versioned(),
        at("/{who:me|[0-9]+}/{edge}").get(compat::facebook::nothing_more).of(Dialect::Facebook).versioned(),
        // ── operation ──
        at("/health/live").get(health::live).head(health::live).always(),
        at("/health/ready").get(health::ready).head(health::ready).always(),
    ]
}

/// In front of a path that is also there below a version.
const VERSION: &str = "/v{version:[0-9]+[.][0-9]+}";

/// The metadata's addresses (UX §5.2): the same document at each, before and behind the issuer's path.
const WELL_KNOWN: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

/// Mounts everything under the issuer's path.
pub(crate) fn mount(config: &mut ServiceConfig, base: &str) {
    let mut placed = placed(base);
    // the router tries one after another. One text is compared, anything else is searched for: who asks for the former
    // does not wait for the latter, nor programs, which come more often, for pages
    placed.sort_by_key(|(route, paths)| {
        let is_searched_for = paths.len() > 1 || paths.iter().any(|path| path.contains('{'));
        (is_searched_for, !route.any_origin, !route.always)
    });
    for (route, paths) in placed {
        route.mount(config, paths);
    }
    let nothing = |server: Shared, request: HttpRequest| async move { refuse::not_found(&server, &request) };
    config.default_service(web::to(nothing));
}

/// Everything with the paths at which it is there. A text goes before a pattern that it fits too.
fn placed(base: &str) -> Vec<(Route, Vec<String>)> {
    let mut all = Vec::new();
    for route in routes() {
        let path = format!("{base}{}", route.path);
        // the start page is where the issuer's own address leads as well
        let issuer = (route.path == "/" && !base.is_empty()).then(|| base.to_owned());
        let version = route.versioned.then(|| format!("{base}{VERSION}{}", route.path));
        all.push((route, std::iter::once(path).chain(issuer).chain(version).collect()));
    }
    for name in WELL_KNOWN {
        let mut paths = vec![format!("{name}{base}"), format!("{base}{name}")];
        paths.dedup();
        for path in paths {
            let document =
                at("/.well-known").get(oauth::metadata::document).head(oauth::metadata::document).any_origin().always();
            all.push((document, vec![path]));
        }
    }
    // a host has one, whatever the issuer's path (RFC 7033 §4)
    let webfinger = at("/.well-known/webfinger").get(oauth::metadata::webfinger).any_origin();
    all.push((webfinger, vec!["/.well-known/webfinger".to_owned()]));
    all
}

/// Metadata key and path of each endpoint that has one.
pub(crate) fn metadata_endpoints(config: &Config) -> Vec<(&'static str, &'static str)> {
    let named = routes().into_iter().filter(|route| (route.named_if)(config));
    named.filter_map(|route| route.metadata.map(|key| (key, route.path))).collect()
}

/// A row of the table.
struct Route {
    path: &'static str,
    handlers: Vec<(Method, actix_web::Route)>,
    any_origin: bool,
    any_origin_if: fn(&Config) -> bool,
    always: bool,
    there_if: fn(&Config) -> bool,
    metadata: Option<&'static str>,
    named_if: fn(&Config) -> bool,
    dialect: Option<Dialect>,
    versioned: bool,
}

const fn at(path: &'static str) -> Route {
    Route {
        path,
        handlers: Vec::new(),
        any_origin: false,
        any_origin_if: |_| true,
        always: false,
        there_if: |_| true,
        metadata: None,
        named_if: |_| true,
        dialect: None,
        versioned: false,
    }
}

/// A path of the GitHub-shaped API.
fn github_api<F, Args>(path: &'static str, handler: F) -> Route
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    at(path).get(handler.clone()).head(handler).of(Dialect::Github)
}

impl Route {
    fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::GET, web::get().to(handler))
    }

    fn head<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::HEAD, web::head().to(handler))
    }

    fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::POST, web::post().to(handler))
    }

    fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::PUT, web::put().to(handler))
    }

    fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::DELETE, web::delete().to(handler))
    }

    fn on(mut self, method: Method, route: actix_web::Route) -> Self {
        self.handlers.push((method, route));
        self
    }

    /// Programs of any origin may call it: it reads no cookies.
    const fn any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// They may where this holds.
    const fn any_origin_if(mut self, holds: fn(&Config) -> bool) -> Self {
        self.any_origin_if = holds;
        self.any_origin()
    }

    /// It is there where this holds. Its handlers see to that for their own methods.
    const fn there_if(mut self, holds: fn(&Config) -> bool) -> Self {
        self.there_if = holds;
        self
    }

    /// It is answered in an overload as well: it costs little, and others decide by it what to do.
    const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// The metadata names it under this key.
    const fn metadata(mut self, key: &'static str) -> Self {
        self.metadata = Some(key);
        self
    }

    /// The metadata names it where this holds.
    const fn named_if(mut self, holds: fn(&Config) -> bool) -> Self {
        self.named_if = holds;
        self
    }

    /// It is there while this dialect is served.
    const fn of(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// It is also there below a version: `/v2.12/…`.
    const fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    fn mount(self, config: &mut ServiceConfig, paths: Vec<String>) {
        let Self { handlers, any_origin, any_origin_if, always, there_if, dialect, .. } = self;
        let crosses = move |server: &Shared| any_origin && any_origin_if(&server.ctx.config);
        let names: Vec<&str> = handlers.iter().map(|(method, _)| method.as_str()).collect();
        let own: Rc<str> = names.join(", ").into();
        let all: Rc<str> = format!("{own}, OPTIONS").into();
        let mut resource = web::resource(paths);
        for (_, route) in handlers {
            resource = resource.route(route);
        }
        let methods = Rc::clone(&all);
        let wrong_method = move |server: &Shared, request: &HttpRequest| {
            let allowed = if crosses(server) { &all } else { &own };
            match dialect {
                _ if !there_if(&server.ctx.config) => refuse::not_found(server, request),
                Some(dialect) => compat::wrong_method(dialect, server, request, allowed),
                None => refuse::wrong_method(server, request, allowed),
            }
        };
        let refused = wrong_method.clone();
        let other = move |server: Shared, request: HttpRequest| ready(refused(&server, &request));
        resource = resource.default_service(web::to(other));
        if any_origin {
            let options = move |server: Shared, request: HttpRequest| {
                let may = crosses(&server);
                ready(if may { middleware::preflight(&methods) } else { wrong_method(&server, &request) })
            };
            resource = resource.route(web::method(Method::OPTIONS).to(options));
        }
        let front = move |request: ServiceRequest, next: Next<BoxBody>| async move {
            if let Some(dialect) = dialect
                && let Some(refused) = compat::refuse_unless_served(dialect, request.request()).await
            {
                return Ok(request.into_response(refused));
            }
            let crosses = request.app_data::<Shared>().is_some_and(crosses);
            let mut answer = line::in_time(always, dialect, request, next).await?;
            if crosses {
                middleware::allow_any_origin(answer.headers_mut());
            }
            Ok(answer)
        };
        config.service(resource.wrap(from_fn(front)));
    }
}
