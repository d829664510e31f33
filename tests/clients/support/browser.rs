//! A real browser: headless Chromium, and one tab that a test looks at and clicks in.
//!
//! Nothing here runs script inside the page to act on it, so that the same steps work where script is off.

use std::env;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chromiumoxide::Page;
use chromiumoxide::browser::{Browser as Chromium, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::dom::{
    FocusParams, GetContentQuadsParams, GetDocumentParams, NodeId, QuerySelectorParams, ScrollIntoViewIfNeededParams,
};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, InsertTextParams, MouseButton,
};
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::page::{
    GetFrameTreeParams, GetNavigationHistoryParams, NavigateToHistoryEntryParams,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EvaluateParams, EventConsoleApiCalled, EventExceptionThrown,
};
use chromiumoxide::page::ScreenshotParams;
use futures_util::StreamExt;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Whether pages may run script. Ours must not need it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Script {
    On,
    Off,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// A browser of its own for one test, with one tab.
pub(crate) struct Browser {
    page: Page,
    complaints: Arc<Mutex<Vec<Complaint>>>,
    forgiven: Vec<String>,
    chromium: Chromium,
    tasks: Vec<JoinHandle<()>>,
    _profile: TempDir,
}

/// Something the browser would show in red in its console.
struct Complaint {
    about: String,
    words: String,
}

impl Browser {
    /// Starts one. `None`, said aloud: there is no Chromium here.
    pub(crate) async fn start(script: Script) -> Result<Option<Self>> {
        let Some(executable) = executable() else {
            super::skip("no Chromium; install it or set COUNTERSIGN_TEST_CHROMIUM");
            return Ok(None);
        };
        let profile = TempDir::with_prefix("countersign-chromium-")?;
        let config = BrowserConfig::builder()
            .chrome_executable(&executable)
            .user_data_dir(profile.path())
            .no_sandbox()
            .args(FLAGS.to_vec())
            .viewport(None)
            .launch_timeout(Duration::from_mins(1))
            .build()
            .map_err(anyhow::Error::msg)?;
        let (chromium, mut handler) =
            Chromium::launch(config).await.with_context(|| format!("{} does not start", executable.display()))?;
        let mut tasks = vec![tokio::spawn(async move { while handler.next().await.is_some() {} })];
        let page = chromium.new_page("about:blank").await?;
        let complaints = Arc::default();
        listen(&page, &complaints, &mut tasks).await?;
        if matches!(script, Script::Off) {
            page.execute(SetScriptExecutionDisabledParams::new(true)).await?;
        }
        Ok(Some(Self { page, complaints, forgiven: Vec::new(), chromium, tasks, _profile: profile }))
    }

    /// Types an address, and waits until its page is there.
    pub(crate) async fn go(&self, url: &str) -> Result<()> {
        self.page.goto(url).await.with_context(|| format!("going to {url}"))?;
        self.settled(None).await
    }

    /// The same, for an address whose page says no: its status may stand in the console.
    pub(crate) async fn go_to_refusal(&mut self, url: &str) -> Result<()> {
        self.forgive(url);
        self.go(url).await
    }

    /// From here on, an answer of 4xx for this address is what the test wants.
    pub(crate) fn forgive(&mut self, url: &str) {
        self.forgiven.push(url.to_owned());
    }

    /// Presses the browser's Back button.
    pub(crate) async fn back(&self) -> Result<()> {
        let before = self.loader().await?;
        let history = self.page.execute(GetNavigationHistoryParams::default()).await?.result;
        let index = usize::try_from(history.current_index)?.checked_sub(1).context("nothing to go back to")?;
        let entry = history.entries.get(index).context("the history has its own index")?;
        self.page.execute(NavigateToHistoryEntryParams::new(entry.id)).await?;
        self.settled(Some(&before)).await.context("after Back")
    }

    /// Puts the cursor into a field and types, over what was there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let node = self.find(selector).await?;
        self.page.execute(FocusParams::builder().node_id(node).build()).await?;
        self.evaluate("document.activeElement.select()").await?;
        self.page.execute(InsertTextParams::new(text)).await?;
        ensure!(self.value(selector).await? == text, "{selector} took no text");
        Ok(())
    }

    /// Clicks in the middle of it with the mouse, and waits for the page this leads to.
    pub(crate) async fn click(&self, selector: &str) -> Result<()> {
        let before = self.loader().await?;
        self.press(selector).await?;
        self.settled(Some(&before)).await.with_context(|| format!("after a click on {selector}"))
    }

    /// Signs in on the page that asks for it.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) -> Result<()> {
        self.fill("form#login input[name=username]", username).await?;
        self.fill("form#login input[name=password]", password).await?;
        self.click("form#login button").await
    }

    /// Answers the consent page, `allow` or `deny`.
    pub(crate) async fn decide(&self, decision: &str) -> Result<()> {
        self.click(&format!("form#consent button[name=decision][value={decision}]")).await
    }

    /// What a person reads on the page, fields aside.
    pub(crate) async fn text(&self) -> Result<String> {
        Ok(self.evaluate("document.body.innerText").await?.as_str().unwrap_or_default().to_owned())
    }

    /// Fails, with the page's own words, when one of `parts` is not on it.
    pub(crate) async fn reads(&self, parts: &[&str]) -> Result<()> {
        let text = self.text().await?;
        for part in parts {
            assert!(text.contains(part), "{part:?} is not on {}:\n{text}", self.place().await?);
        }
        Ok(())
    }

    /// Waits until it is on the page: a script of the page puts it there.
    pub(crate) async fn comes_to_read(&self, part: &str) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PAGE_WITHIN {
            if self.text().await?.contains(part) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.reads(&[part]).await
    }

    pub(crate) async fn url(&self) -> Result<String> {
        Ok(self.evaluate("location.href").await?.as_str().unwrap_or_default().to_owned())
    }

    /// Where we are, short enough for a message: without the query, which may hold a page of sealed text.
    async fn place(&self) -> Result<String> {
        Ok(self.url().await?.split('?').next().unwrap_or_default().to_owned())
    }

    /// Whether there is such an element.
    pub(crate) async fn shows(&self, selector: &str) -> Result<bool> {
        Ok(self.evaluate(&format!("document.querySelector({selector:?}) !== null")).await? == true)
    }

    /// What stands in a field.
    pub(crate) async fn value(&self, selector: &str) -> Result<String> {
        let value = self.evaluate(&format!("document.querySelector({selector:?}).value")).await?;
        Ok(value.as_str().with_context(|| format!("{selector} has no value"))?.to_owned())
    }

    /// Whether the page runs the scripts it brings along.
    pub(crate) async fn runs_script(&self) -> Result<bool> {
        let shown = "data:text/html,<title>off</title><script>document.title = 'on'</script>";
        self.go(shown).await?;
        Ok(self.evaluate("document.title").await?.as_str() == Some("on"))
    }

    /// Shows the page on a screen of this width, in this scheme, and at rest: nothing moves or fades.
    pub(crate) async fn show(&self, width: i64, scheme: Scheme) -> Result<()> {
        let (scale, phone) = (if width < 600 { 2.0 } else { 1.0 }, width < 600);
        self.page.execute(SetDeviceMetricsOverrideParams::new(width, 844, scale, phone)).await?;
        let scheme = if matches!(scheme, Scheme::Dark) { "dark" } else { "light" };
        let features = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")];
        let features = features.map(|(name, value)| MediaFeature::new(name, value));
        self.page.execute(SetEmulatedMediaParams::builder().features(features).build()).await?;
        Ok(())
    }

    /// How many pixels the page is wider than its window.
    pub(crate) async fn overflow(&self) -> Result<i64> {
        let wider = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth";
        self.evaluate(wider).await?.as_i64().context("a number of pixels")
    }

    /// A picture of the whole page, as PNG.
    pub(crate) async fn picture(&self) -> Result<Vec<u8>> {
        Ok(self.page.screenshot(ScreenshotParams::builder().full_page(true).build()).await?)
    }

    /// What the browser complained about so far: errors, policy violations, failed loads, uncaught exceptions.
    pub(crate) async fn complaints(&self) -> Result<Vec<String>> {
        // Events come in order, so after an answer to this all earlier ones are in, or waiting for our own tasks.
        self.evaluate("0").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let complaints = self.complaints.lock().expect("nobody panics with it");
        let serious = complaints.iter().filter(|one| !self.is_forgiven(one));
        Ok(serious.map(|one| format!("{}: {}", one.about, one.words)).collect())
    }

    /// The end of a test: nothing was complained about, and the browser is gone.
    pub(crate) async fn close_quietly(mut self) -> Result<()> {
        assert_eq!(self.complaints().await?, [""; 0]);
        self.chromium.close().await?;
        self.chromium.wait().await?;
        Ok(())
    }

    fn is_forgiven(&self, complaint: &Complaint) -> bool {
        complaint.words.contains("responded with a status of 4") && self.forgiven.contains(&complaint.about)
    }

    async fn press(&self, selector: &str) -> Result<()> {
        let node = self.find(selector).await?;
        self.page.execute(ScrollIntoViewIfNeededParams::builder().node_id(node).build()).await?;
        let quads = self.page.execute(GetContentQuadsParams::builder().node_id(node).build()).await?;
        let corners = quads.result.quads.first().with_context(|| format!("{selector} is not visible"))?.inner().clone();
        let middle = |axis: usize| corners.iter().skip(axis).step_by(2).sum::<f64>() / 4.0;
        for (kind, clicks) in [(DispatchMouseEventType::MousePressed, 1), (DispatchMouseEventType::MouseReleased, 1)] {
            let mut event = DispatchMouseEventParams::new(kind, middle(0), middle(1));
            event.button = Some(MouseButton::Left);
            event.click_count = Some(clicks);
            self.page.execute(event).await?;
        }
        Ok(())
    }

    async fn find(&self, selector: &str) -> Result<NodeId> {
        let root = self.page.execute(GetDocumentParams::default()).await?.result.root.node_id;
        let found = self.page.execute(QuerySelectorParams::new(root, selector)).await;
        match found {
            Ok(found) if *found.result.node_id.inner() != 0 => Ok(found.result.node_id),
            _ => bail!("no {selector} on {}:\n{}", self.place().await?, self.text().await?),
        }
    }

    /// Waits until a document other than `before` is complete.
    async fn settled(&self, before: Option<&str>) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PAGE_WITHIN {
            // Between two documents either question may fail; then it is asked again.
            if let (Ok(loader), Ok(state)) = (self.loader().await, self.evaluate("document.readyState").await)
                && Some(loader.as_str()) != before
                && state == "complete"
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("no new page in {PAGE_WITHIN:?}; still at {}:\n{}", self.place().await?, self.text().await?)
    }

    /// What names the document now in the tab: another document, another loader.
    async fn loader(&self) -> Result<String> {
        let tree = self.page.execute(GetFrameTreeParams::default()).await?;
        Ok(tree.result.frame_tree.frame.loader_id.inner().clone())
    }

    /// Asks the page something. The debugger may, even where the page's own script is off.
    async fn evaluate(&self, expression: &str) -> Result<Value> {
        let mut asked = EvaluateParams::new(expression);
        asked.return_by_value = Some(true);
        let answer = self.page.execute(asked).await?.result;
        ensure!(answer.exception_details.is_none(), "{expression}: {:?}", answer.exception_details);
        Ok(answer.result.value.unwrap_or(Value::Null))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        // Not left to its handle, which does not wait: the profile must not be removed under a living browser.
        if let Some(child) = self.chromium.get_mut_child() {
            drop(child.inner.start_kill());
            let start = Instant::now();
            while matches!(child.inner.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Writes down what would be red in the console.
async fn listen(page: &Page, complaints: &Arc<Mutex<Vec<Complaint>>>, tasks: &mut Vec<JoinHandle<()>>) -> Result<()> {
    let note = {
        let complaints = Arc::clone(complaints);
        move |about: String, words: String| {
            complaints.lock().expect("nobody panics with it").push(Complaint { about, words });
        }
    };
    let mut entries = page.event_listener::<EventEntryAdded>().await?;
    let mut exceptions = page.event_listener::<EventExceptionThrown>().await?;
    let mut calls = page.event_listener::<EventConsoleApiCalled>().await?;
    let also = note.clone();
    tasks.push(tokio::spawn(async move {
        while let Some(event) = entries.next().await {
            let entry = &event.entry;
            if matches!(entry.level, LogEntryLevel::Error | LogEntryLevel::Warning) {
                also(entry.url.clone().unwrap_or_default(), entry.text.clone());
            }
        }
    }));
    let also = note.clone();
    tasks.push(tokio::spawn(async move {
        while let Some(event) = exceptions.next().await {
            let details = &event.exception_details;
            also(details.url.clone().unwrap_or_default(), details.text.clone());
        }
    }));
    tasks.push(tokio::spawn(async move {
        while let Some(event) = calls.next().await {
            if matches!(
                event.r#type,
                ConsoleApiCalledType::Error | ConsoleApiCalledType::Warning | ConsoleApiCalledType::Assert
            ) {
                note("console".to_owned(), format!("{:?}", event.args));
            }
        }
    }));
    Ok(())
}

fn executable() -> Option<PathBuf> {
    if let Some(given) = env::var_os("COUNTERSIGN_TEST_CHROMIUM") {
        return Some(given.into());
    }
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(super::on_path)
}

/// Besides what the driver gives: nothing that looks for the world outside.
const FLAGS: [&str; 6] = [
    "disable-gpu",
    "disable-quic",
    "disable-component-update",
    "disable-domain-reliability",
    "no-default-browser-check",
    "no-pings",
];
const PAGE_WITHIN: Duration = Duration::from_secs(20);
