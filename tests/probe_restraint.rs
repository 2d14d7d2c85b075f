//! The probe's restraint, by the account of the servers that it asks and by a clock that a test moves.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::error::Kind;
use guichets_ouverts::probe::restraint::{Ask, Heard, Memory, Restraint, RetryAfter, Robots, Verdict, Why};
use guichets_ouverts::probe::shape::{Method, SHAPES, is_allowed};
use guichets_ouverts::probe::wire::Wire;
use guichets_ouverts::probe::{CycleAccount, Folder, Plan, Probe};
use guichets_ouverts::progress::Silent;
use proptest::prelude::*;
use url::Url;

use crate::support::counters::{
    Charset, Counters, Direct, HOME, Moved, Rehearsal, Service, StopsAt, Told, agenda, lines, plan_of, violations,
};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
const CONTACT: &str = "sonde@example.org";

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

/// Lets a probe work until an instant, and starts it again each time it is stopped.
fn work(rehearsal: &Rehearsal, clock: &Moved, counters: &Counters, stops: &[DateTime<Utc>]) -> Vec<CycleAccount> {
    let accounts = std::cell::RefCell::new(Vec::new());
    let plan = rehearsal.plan();
    for stop in stops {
        let agenda = agenda(&plan, &rehearsal.pipeline(), clock.shows()).unwrap();
        let folder = Folder::hold(&rehearsal.out()).unwrap();
        let progress = StopsAt(clock.clone(), *stop);
        let probe = Probe { plan: &plan, agenda: &agenda, folder: &folder, clock, progress: &progress, key: None };
        let passes = |time: Duration| clock.passes(time);
        let wires = || Ok(Box::new(Direct { counters: counters.clone(), passes: &passes }) as Box<dyn Wire + '_>);
        let told = |account: &CycleAccount| accounts.borrow_mut().push(account.clone());
        let ended = probe.go_on(&wires, DateTime::<Utc>::MAX_UTC, &told);
        assert_eq!(ended.unwrap_err().kind(), Kind::Interrupted);
    }
    accounts.into_inner()
}

/// 61 services on 20 hosts, of which some refuse, ask for a rest, hang or fail, over a day in which the probe is stopped and
/// started 20 times.
#[test]
fn a_day_of_61_services_on_20_hosts_breaks_no_rule() {
    let services: Vec<Service> = (0..61).map(|n| Service::ez(n, &format!("www.h{:02}.gouv.fr", n % 20))).collect();
    let rehearsal = Rehearsal::new(services, 288, 300, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let noon = at("2026-12-01T12:00:00Z");
    let told = move |place: &str, now: DateTime<Utc>| match &place[4..7] {
        "h03" => Told::Later(429, Some("7200")),
        "h04" if now > noon => Told::Page(403, "non"),
        "h05" => Told::Silence,
        "h06" => Told::Later(503, Some("Tue, 01 Dec 2026 20:00:00 GMT")),
        "h07" => Told::Later(429, None),
        "h08" => Told::Page(502, "Bad Gateway"),
        "h09" => Told::Captcha,
        host if host.starts_with("h1") => Told::Slots(vec![1_796_717_400]),
        _ => Told::None(NONE, Charset::Utf8),
    };
    let counters =
        Counters::new(told, move || shown.shows()).with_robots("User-agent: guichets-ouverts\nCrawl-delay: 7\n");
    let day = at("2026-12-01T00:00:00Z");
    let stops: Vec<_> =
        (1..=20).map(|n| day + TimeDelta::minutes(n * 71 + 7)).chain([day + TimeDelta::days(1)]).collect();
    let accounts = work(&rehearsal, &clock, &counters, &stops);

    let seen = counters.seen();
    assert_eq!(violations(&seen, 300, CONTACT), Vec::<String>::new());
    assert!(seen.len() > 500, "{}", seen.len());
    assert!(
        accounts
            .iter()
            .all(|account| account.lines + account.not_asked.values().map(Vec::len).sum::<usize>() == account.due)
    );
    let by_host = |host: &str| seen.iter().filter(|one| one.host == host && one.path != "/robots.txt").count();
    // Each of five cycles finds them resting again after one request.
    assert!(by_host("www.h03.gouv.fr") <= 5 && by_host("www.h07.gouv.fr") <= 5);
    assert_eq!(by_host("www.h06.gouv.fr"), 1, "no cycle begins after 20:00");
    let refused = seen.iter().filter(|one| one.status == Some(403)).count();
    assert!((1..=3).contains(&refused), "{refused}");
    let mut last: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for one in seen.iter().filter(|one| one.host != HOME) {
        let before = last.insert(&one.host, one.at);
        let pause = before.map(|before| one.at - before);
        assert!(pause.is_none_or(|pause| pause >= TimeDelta::seconds(5)), "{one:?}");
    }
}

/// A look that begins three seconds before the host's robots.txt is a day old is no longer than the others.
#[test]
fn a_robots_txt_that_would_grow_old_during_a_look_is_asked_for_before_it() {
    let rehearsal = Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    rehearsal.once(&clock, &counters, &Silent, None).unwrap();
    let slot = at("2026-12-02T00:00:00Z");
    let start = agenda(&rehearsal.plan(), &rehearsal.pipeline(), slot).unwrap().start(slot, "essai-1");
    let memory = rehearsal.out().join("etat/memoire.json");
    let mut remembered: serde_json::Value = serde_json::from_slice(&std::fs::read(&memory).unwrap()).unwrap();
    let heard = start - TimeDelta::days(1) + TimeDelta::seconds(3);
    let robots = remembered.pointer_mut("/hosts/www.a.gouv.fr/robots/at").unwrap();
    *robots = heard.to_rfc3339().into();
    std::fs::write(&memory, remembered.to_string()).unwrap();
    clock.passes((slot - clock.shows()).to_std().unwrap());
    rehearsal.once(&clock, &counters, &Silent, None).unwrap();
    let verdicts: Vec<bool> = lines(&rehearsal.out()).iter().map(|line| line.contains("\"verdict\":\"non\"")).collect();
    assert_eq!(verdicts, [true, true], "{:?}", lines(&rehearsal.out()));
    assert_eq!(counters.seen().iter().filter(|seen| seen.path == "/robots.txt").count(), 2);
}

#[test]
fn a_plan_that_asks_for_ten_times_as_much_is_refused() {
    let services: Vec<Service> = (0..61).map(|n| Service::ez(n, &format!("www.h{:02}.gouv.fr", n % 20))).collect();
    let begin = at("2026-12-01T00:00:00Z");
    let refused = |cadence, per_day| {
        let rehearsal = Rehearsal::new(services.clone(), cadence, per_day, "");
        let plan = rehearsal.plan();
        agenda(&plan, &rehearsal.pipeline(), begin).map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused(29, 600).contains("a cadence of 29 minutes"));
    assert!(refused(30, 600).contains("requests a day and allows 600"), "{}", refused(30, 600));
    assert!(refused(288, 60).contains("requests a day and allows 60"));
    for (per_day, pause) in [(6000, 5), (300, 0), (300, 1)] {
        let text = plan_of(&services, per_day, "").replace("pause_s = 5", &format!("pause_s = {pause}"));
        let error = Plan::parse(&text).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.to_string().contains("is not between"), "{error}");
    }
}

/// A gate over one host, which has heard its robots.txt.
struct Gate {
    plan: Plan,
    now: DateTime<Utc>,
}

impl Gate {
    fn new() -> Self {
        let plan = Plan::parse(&plan_of(&[Service::ez(0, "www.a.gouv.fr")], 20, "")).unwrap();
        Self { plan, now: at("2026-12-01T10:00:00Z") }
    }

    fn open(&self) -> Restraint<'_> {
        let mut memory = Memory::default();
        memory.host_mut("www.a.gouv.fr").robots = Some(Robots::of(Some(404), b"", self.now));
        Restraint::new(&self.plan, memory)
    }

    fn judge(&self, gate: &Restraint<'_>, now: DateTime<Utc>) -> Verdict {
        let point = &self.plan.points[0];
        let url = Url::parse("https://www.a.gouv.fr/booking/create/100/0").unwrap();
        gate.judge(&Ask::Page { point, method: Method::Get, url: &url, fields: &[], made: 0 }, now)
    }
}

#[test]
fn a_server_that_wants_rest_has_it() {
    let here = Gate::new();
    let took = Duration::from_millis(100);
    for (heard, hours) in [
        (Heard::Later { took, after: RetryAfter::For(TimeDelta::hours(2)) }, 2),
        (Heard::Later { took, after: RetryAfter::Illegible }, 1),
        (Heard::Later { took, after: RetryAfter::Unstated }, 1),
        (Heard::Refused { took }, 1),
    ] {
        let mut gate = here.open();
        gate.heard("www.a.gouv.fr", &heard, here.now);
        let until = here.now + TimeDelta::hours(hours);
        assert_eq!(here.judge(&gate, until - TimeDelta::seconds(1)), Verdict::Never(Why::Resting(until)), "{heard:?}");
        assert_eq!(here.judge(&gate, until), Verdict::Now);
        // What is remembered says the same to the next process.
        let memory = serde_json::from_str(&serde_json::to_string(gate.memory()).unwrap()).unwrap();
        let again = Restraint::new(&here.plan, memory);
        assert_eq!(here.judge(&again, here.now), Verdict::Never(Why::Resting(until)));
    }
    let mut gate = here.open();
    gate.heard("www.a.gouv.fr", &Heard::Later { took, after: RetryAfter::For(TimeDelta::days(3650)) }, here.now);
    assert_eq!(
        here.judge(&gate, here.now + TimeDelta::days(4000)),
        Verdict::Never(Why::Off("the host asked for a rest of more than a day".to_owned()))
    );
}

#[test]
fn each_refusal_doubles_the_rest_and_an_answer_ends_it() {
    let here = Gate::new();
    let mut gate = here.open();
    let mut now = here.now;
    for hours in [1, 2, 4, 8, 16, 24, 24] {
        gate.heard("www.a.gouv.fr", &Heard::Refused { took: Duration::ZERO }, now);
        let until = now + TimeDelta::hours(hours);
        assert_eq!(gate.memory().host("www.a.gouv.fr").unwrap().resting_until, Some(until));
        now = until;
    }
    gate.answered("www.a.gouv.fr");
    gate.heard("www.a.gouv.fr", &Heard::Refused { took: Duration::ZERO }, now);
    assert_eq!(gate.memory().host("www.a.gouv.fr").unwrap().resting_until, Some(now + TimeDelta::hours(1)));
}

#[test]
fn a_slow_server_is_asked_slowly() {
    let here = Gate::new();
    for (took_s, at_least, at_most) in [(0, 5, 7), (4, 20, 26), (20, 100, 120), (30, 120, 120)] {
        let mut gate = here.open();
        gate.heard("www.a.gouv.fr", &Heard::Page { took: Duration::from_secs(took_s) }, here.now);
        let Verdict::NotBefore(next) = here.judge(&gate, here.now) else { panic!("{took_s}") };
        let pause = (next - here.now).num_seconds();
        assert!((at_least..=at_most).contains(&pause), "{took_s} s: {pause} s");
    }
}

#[test]
fn a_day_has_an_end_and_a_clock_put_back_gives_nothing_again() {
    let here = Gate::new();
    let mut gate = here.open();
    for minute in 0..20 {
        gate.spend("www.a.gouv.fr", here.now + TimeDelta::minutes(minute));
    }
    let later = here.now + TimeDelta::hours(1);
    assert_eq!(here.judge(&gate, later), Verdict::Never(Why::DaySpent));
    assert_eq!(gate.memory().host("www.a.gouv.fr").unwrap().sent_on((here.now - TimeDelta::days(1)).date_naive()), 20);
    assert_eq!(gate.memory().host("www.a.gouv.fr").unwrap().sent_on((here.now + TimeDelta::days(1)).date_naive()), 0);
}

#[test]
fn robots_txt_is_obeyed() {
    let here = Gate::new();
    let own =
        "User-agent: *\nDisallow: /\n\nUser-agent: guichets-ouverts\nAllow: /booking/create/\nDisallow: /booking/\n";
    for (status, text, verdict) in [
        (Some(200), "", Verdict::Now),
        (Some(404), "", Verdict::Now),
        (Some(403), "", Verdict::Now),
        (Some(500), "", Verdict::Never(Why::Robots)),
        (Some(301), "", Verdict::Never(Why::Robots)),
        (None, "", Verdict::Never(Why::Robots)),
        (Some(200), "User-agent: *\nDisallow: /booking/", Verdict::Never(Why::Robots)),
        (Some(200), "User-agent: Guichets-Ouverts\nDisallow: /", Verdict::Never(Why::Robots)),
        (Some(200), "User-agent: other\nDisallow: /", Verdict::Now),
        (Some(200), own, Verdict::Now),
    ] {
        let mut gate = here.open();
        gate.memory_mut().host_mut("www.a.gouv.fr").robots = Some(Robots::of(status, text.as_bytes(), here.now));
        assert_eq!(here.judge(&gate, here.now), verdict, "{status:?} {text}");
        // After a day it is not believed any more.
        assert_eq!(here.judge(&gate, here.now + TimeDelta::hours(24)), Verdict::Never(Why::Robots));
    }
}

#[test]
fn a_host_that_a_person_put_out_of_use_is_not_asked() {
    let rehearsal =
        Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr"), Service::ez(1, "www.b.gouv.fr")], 288, 300, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    let _ = Folder::hold(&rehearsal.out()).unwrap();
    std::fs::write(rehearsal.out().join("etat/arret/www.a.gouv.fr"), "").unwrap();
    let accounts = work(&rehearsal, &clock, &counters, &[at("2026-12-01T04:00:00Z")]);
    assert_eq!(accounts[0].lines, 1);
    assert!(accounts[0].not_asked.contains_key("the host was put out of use"), "{accounts:?}");
    assert!(counters.seen().iter().all(|seen| seen.host != "www.a.gouv.fr"));
}

/// Where the declared page cannot be had, or its server shows another time, it is our own machine that is wrong.
#[test]
fn nobody_is_asked_where_the_declared_page_does_not_answer_or_the_clock_is_wrong() {
    for skew in [TimeDelta::minutes(10), TimeDelta::minutes(-10), TimeDelta::seconds(30)] {
        let rehearsal = Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, "");
        let clock = Moved::at("2026-12-01T00:00:00Z");
        let shown = clock.clone();
        let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows() + skew);
        let accounts = work(&rehearsal, &clock, &counters, &[at("2026-12-01T04:00:00Z")]);
        let asked = counters.seen().iter().filter(|seen| seen.host != HOME).count();
        let wrong = skew.abs() > TimeDelta::minutes(1);
        assert_eq!((accounts[0].lines == 0, asked == 0), (wrong, wrong), "{skew}: {accounts:?}");
    }
}

#[test]
fn a_probe_that_comes_late_catches_up_with_nothing() {
    let rehearsal = Rehearsal::new(vec![Service::ez(0, "www.a.gouv.fr")], 288, 300, "");
    // Three hours after the slot of midnight: more than half a cadence.
    let clock = Moved::at("2026-12-01T03:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    let accounts = work(&rehearsal, &clock, &counters, &[at("2026-12-01T09:00:00Z")]);
    let slots: Vec<String> = accounts.iter().map(|account| account.slot.to_rfc3339()).collect();
    assert_eq!(slots, ["2026-12-01T04:48:00+00:00"]);
}

#[test]
fn conditions_that_begin_to_speak_of_robots_end_it() {
    let here = Gate::new();
    let (mut gate, point) = (here.open(), &here.plan.points[0]);
    assert!(
        !gate.conditions(point, "Ces conditions parlent de robots depuis toujours : une personne les a acceptées.")
    );
    assert_eq!(here.judge(&gate, here.now), Verdict::Now);
    assert!(gate.conditions(point, "D'autres conditions."));
    assert_eq!(here.judge(&gate, here.now), Verdict::Now);
    assert!(gate.conditions(point, "Les demandes automatisées sont interdites."));
    assert!(matches!(here.judge(&gate, here.now + TimeDelta::days(30)), Verdict::Never(Why::Off(_))));
}

/// Something that happens to a host.
#[derive(Debug, Clone)]
enum Happens {
    Asked,
    Passes(u32),
    Heard(Heard),
    Restarted,
}

fn happens() -> impl Strategy<Value = Happens> {
    let took = (0_u64..40).prop_map(Duration::from_secs);
    let heard = (took, 0_u8..5, 0_i64..100_000).prop_map(|(took, kind, seconds)| match kind {
        0 => Heard::Failed { took },
        1 => Heard::Refused { took },
        2 => Heard::Later { took, after: RetryAfter::For(TimeDelta::seconds(seconds)) },
        3 => Heard::Later { took, after: RetryAfter::Unstated },
        _ => Heard::Page { took },
    });
    prop_oneof![
        6 => Just(Happens::Asked),
        4 => (1_u32..4000).prop_map(Happens::Passes),
        2 => heard.prop_map(Happens::Heard),
        1 => Just(Happens::Restarted),
    ]
}

proptest! {
    /// Whatever address a page could name, what leaves is one of the requests of the list.
    #[test]
    fn only_requests_of_the_list_leave(
        base in "/(booking/create/(100|101)|rdvpref|users)",
        tail in "(/[0-9]|/5/[0-9]{10}|/create|/\\.\\./9|;jsessionid=x|%2f8|//evil)?",
        query in "(\\?(error=[a-z]{1,9}|next=8|date=1))?",
        host in "(www\\.a\\.gouv\\.fr|www\\.a\\.gouv\\.fr\\.evil\\.org|user@www\\.a\\.gouv\\.fr|www\\.a\\.gouv\\.fr:8443)",
        post in any::<bool>(),
    ) {
        let here = Gate::new();
        let point = &here.plan.points[0];
        let url = Url::parse(&format!("https://{host}{base}{tail}{query}")).unwrap();
        let method = if post { Method::Post } else { Method::Get };
        if is_allowed(point, method, &url) {
            let suffix = url.path().strip_prefix("/booking/create/100").unwrap();
            prop_assert!(SHAPES.iter().any(|shape| shape.suffix == suffix && shape.method == method));
            prop_assert!(url.host_str() == Some("www.a.gouv.fr") && url.port().is_none() && url.username().is_empty());
            prop_assert!(url.query().is_none_or(|query| query.starts_with("error=")));
        }
    }

    /// Whatever happens in whatever order, and however often the probe is started again.
    #[test]
    fn no_order_of_events_breaks_a_rule(events in proptest::collection::vec(happens(), 1..200)) {
        let here = Gate::new();
        let host = "www.a.gouv.fr";
        let (mut gate, mut now) = (here.open(), here.now);
        let (mut last, mut rest, mut days): (Option<DateTime<Utc>>, _, BTreeMap<_, u32>) = (None, now, BTreeMap::new());
        for event in events {
            match event {
                Happens::Passes(seconds) => now += TimeDelta::seconds(seconds.into()),
                Happens::Restarted => {
                    let memory = serde_json::from_str(&serde_json::to_string(gate.memory()).unwrap()).unwrap();
                    gate = Restraint::new(&here.plan, memory);
                }
                Happens::Heard(heard) => {
                    gate.heard(host, &heard, now);
                    rest = rest.max(now + match heard {
                        Heard::Refused { .. } | Heard::Later { after: RetryAfter::Unstated, .. } => TimeDelta::hours(1),
                        Heard::Later { after: RetryAfter::For(after), .. } => after,
                        _ => TimeDelta::zero(),
                    });
                }
                Happens::Asked => {
                    // Its robots.txt is known whenever it is asked, or it is not asked.
                    gate.memory_mut().host_mut(host).robots = Some(Robots::of(Some(404), b"", now));
                    if here.judge(&gate, now) != Verdict::Now {
                        continue;
                    }
                    prop_assert!(last.is_none_or(|last| now - last >= TimeDelta::seconds(5)), "too soon, at {now}");
                    prop_assert!(now >= rest, "asked at {now} before {rest}");
                    let today = days.entry(now.date_naive()).or_default();
                    *today += 1;
                    prop_assert!(*today <= 20, "{today} requests");
                    gate.spend(host, now);
                    last = Some(now);
                }
            }
        }
    }
}
