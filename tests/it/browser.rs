//! The page in a real browser: it follows the reports, its filters work, and no string of a tenant runs.

use std::net::SocketAddr;

use model::application::{HealthCode, SyncStatusCode};
use report::AppReport;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use windlass::server::{Front, serve};

use crate::support::browser::Browser;
use crate::support::controlplane::wait_for;
use crate::support::reports::{front, key, report, several};

/// A server of a test's own.
struct Site {
    front: Front,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    runtime: tokio::runtime::Runtime,
}

impl Site {
    fn start(reports: impl IntoIterator<Item = AppReport>) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        let (front, stop) = front();
        reports.into_iter().for_each(|report| front.reports.set(report));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port is free");
        let site = Self { front, address: listener.local_addr().expect("it is bound"), stop, runtime };
        site.serve(listener);
        site
    }

    fn serve(&self, listener: TcpListener) {
        let mut stopping = self.front.stopping.clone();
        let stopped = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
        self.runtime.spawn(serve(listener, self.front.clone(), stopped));
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

#[track_caller]
fn wait_until(browser: &Browser, script: &str, expected: impl Into<Value>) {
    let expected = expected.into();
    wait_for(script, || {
        let found = browser.run(script);
        if found == expected { Ok(()) } else { Err(found.to_string()) }
    });
}

/// The page complains of nothing: no violation of its policy, no error of its script.
#[track_caller]
fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.console(), Vec::<String>::new());
}

const LIVE: &str = "return document.getElementById('live').textContent";
const VISIBLE: &str = "return [...document.querySelectorAll('.tile')]
    .filter(tile => tile.offsetParent !== null).map(tile => tile.querySelector('h2').textContent.trim()).join(' ')";

#[test]
fn the_page_follows_the_reports_without_a_reload() {
    let site = Site::start(several());
    let browser = Browser::start();
    browser.go(&site.url("/"));
    wait_until(&browser, LIVE, "live");
    browser.run("window.notReloaded = true; document.querySelector('.tile h2 a').focus()");

    let verdicts = "return document.querySelector('[data-app=\"argocd/shop\"] .verdicts').innerText";
    wait_until(&browser, verdicts, "Synced\nHealthy");
    let worse = AppReport {
        health: HealthCode::Degraded,
        sync: SyncStatusCode::OutOfSync,
        ..report("shop", str::to_owned)
    };
    site.front.reports.set(worse);
    wait_until(&browser, verdicts, "OutOfSync\nDegraded");

    site.front.reports.set(report("newcomer", str::to_owned));
    wait_until(&browser, "return document.querySelectorAll('.tile').length", several().len() + 1);
    site.front.reports.remove(&key("newcomer"));
    wait_until(&browser, "return document.querySelectorAll('.tile').length", several().len());
    site.front
        .reports
        .set_notice(windlass::server::Half::Sync, Some("Standing by: windlass-1 leads.".to_owned()));
    wait_until(
        &browser,
        "return document.querySelector('.notice')?.textContent ?? ''",
        "Standing by: windlass-1 leads.",
    );

    assert_eq!(browser.run("return window.notReloaded"), true);
    let focused = browser.run("return document.activeElement.getAttribute('href')");
    assert_eq!(focused, "/applications/argocd/blog", "what had the focus keeps it");
    assert_quiet(&browser);
}

#[test]
fn an_application_is_followed_and_folds_stay_as_they_are() {
    let site = Site::start([report("shop", str::to_owned)]);
    let browser = Browser::start();
    browser.go(&site.url("/applications/argocd/shop"));
    wait_until(&browser, LIVE, "live");
    let fold = "document.querySelector('.tree details')";
    assert_eq!(browser.run(&format!("return {fold}.open")), false, "what is well is folded");
    browser.run(&format!("{fold}.querySelector('summary').click()"));
    let mut news = report("shop", str::to_owned);
    news.cause = Some("Deployment/shop/web waits".to_owned());
    site.front.reports.set(news);
    wait_until(
        &browser,
        "return document.querySelector('.cause')?.textContent ?? ''",
        "Deployment/shop/web waits",
    );
    assert_eq!(browser.run(&format!("return {fold}.open")), true);
    assert_quiet(&browser);
}

#[test]
fn tiles_are_filtered_by_standing_and_by_text() {
    let site = Site::start(several());
    let browser = Browser::start();
    browser.go(&site.url("/"));
    wait_until(&browser, LIVE, "live");
    assert_eq!(browser.run(VISIBLE), "blog database reports retired shop unreadable");
    browser.run("document.getElementById('show-unwell').click()");
    assert_eq!(browser.run(VISIBLE), "blog reports unreadable");

    browser.press("/includ");
    assert_eq!(browser.run("return document.getElementById('filter').value"), "includ");
    assert_eq!(browser.run(VISIBLE), "blog");
    site.front.reports.set(AppReport { automated: false, ..report("shop", str::to_owned) });
    wait_until(
        &browser,
        "return document.querySelector('[data-app=\"argocd/shop\"]').textContent.includes('manual sync')",
        true,
    );
    assert_eq!(browser.run(VISIBLE), "blog", "a change does not lose the filters");

    browser.go(&site.url("/applications/argocd/blog"));
    browser.go(&site.url("/"));
    assert_eq!(browser.run(VISIBLE), "blog", "the way back does not, either");
    browser.run("document.getElementById('filter').focus()");
    browser.press("x");
    assert_eq!(browser.run(VISIBLE), "");
    assert_eq!(browser.run("return document.getElementById('none').hidden"), false);
    browser.press("\u{e00c}");
    assert_eq!(browser.run(VISIBLE), "blog reports unreadable");
    assert_quiet(&browser);
}

#[test]
fn everything_is_reached_with_the_keyboard() {
    let site = Site::start(several());
    let browser = Browser::start();
    browser.go(&site.url("/"));
    wait_until(&browser, LIVE, "live");
    let mut reached = Vec::new();
    for _ in 0..40 {
        browser.press("\u{e004}");
        let at = browser.run("const e = document.activeElement; return e.getAttribute('href') || e.id || ''");
        reached.push(at.as_str().unwrap_or_default().to_owned());
    }
    for wanted in
        ["#main", "/", "filter", "show-all", "/applications/argocd/shop", "/applications/argocd/production"]
    {
        assert!(reached.iter().any(|found| found == wanted), "{wanted} is not among {reached:?}");
    }
    assert_quiet(&browser);
}

#[test]
fn no_string_of_a_tenant_runs() {
    let marker =
        "<img src=x onerror=\"window.ran=1\"><script>window.ran=2</script>\"'><svg/onload=window.ran=3>";
    let hostile = |text: &str| if text.is_empty() { String::new() } else { format!("{text}{marker}") };
    let mut app = report("shop", hostile);
    (app.key, app.health) = (key("shop"), HealthCode::Degraded);
    app.links = ["javascript:window.ran=4", "https://a.example/\" onclick=\"window.ran=5"]
        .map(str::to_owned)
        .to_vec();
    let site = Site::start([app.clone()]);
    let browser = Browser::start();
    for path in ["/", "/applications/argocd/shop"] {
        browser.go(&site.url(path));
        wait_until(&browser, LIVE, "live");
        // Once as it was served, once as the script put it in.
        app.cause = Some(hostile(&format!("second look at {path}")));
        site.front.reports.set(app.clone());
        let seen = "return document.querySelector('.cause')?.textContent.split('<')[0] ?? ''";
        wait_until(&browser, seen, format!("second look at {path}"));
        browser.run("document.querySelectorAll('#main a, #main summary').forEach(e => e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))");
        assert_eq!(browser.run("return window.ran ?? null"), Value::Null, "{path}");
        let foreign = "return document.querySelectorAll('#main img, #main script, #main [onclick], #main [onerror]').length";
        assert_eq!(browser.run(foreign), 0, "{path}");
        let links =
            "return [...document.querySelectorAll('a')].filter(a => !/^https?:$/.test(a.protocol)).length";
        assert_eq!(browser.run(links), 0, "{path}");
    }
    assert_quiet(&browser);
}

#[test]
fn a_lost_connection_is_told_and_taken_up_again() {
    let site = Site::start(several());
    let browser = Browser::start();
    browser.go(&site.url("/"));
    wait_until(&browser, LIVE, "live");
    site.stop.send(true).expect("the server listens");
    wait_until(&browser, LIVE, "connection lost, trying again");

    site.stop.send(false).expect("somebody listens");
    site.front.reports.set(report("newcomer", str::to_owned));
    let listener = wait_for("the port to be free again", || {
        site.runtime.block_on(TcpListener::bind(site.address)).map_err(|error| error.to_string())
    });
    site.serve(listener);
    wait_until(&browser, LIVE, "live");
    wait_until(&browser, "return document.querySelectorAll('.tile').length", several().len() + 1);
}
