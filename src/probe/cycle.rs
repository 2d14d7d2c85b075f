//! One cycle: everything that is due at a slot is looked at once, one request at a time, and the lines enter the log together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use super::account::CycleAccount;
use super::bounds::{CLOCK_ERROR_MAX, CLOCK_JUMP_MAX, SECOND_TRY_AFTER};
use super::desk::{Desk, NotSent, robots_address};
use super::due::{Agenda, Watched};
use super::line::{Cycle, begun, done};
use super::log::{self, Spool};
use super::restraint::{Heard, Why};
use super::session::{Last, Session, Stop};
use super::shape::Method;
use super::system::{Finding, Target, of};
use super::warc::{self, Of};
use super::wire::Request;
use crate::attempt::{Failure, System};
use crate::digest::token;
use crate::error::{Error, Kind, Result};

/// What one look left.
enum Left {
    /// A line.
    Line {
        /// What failed below HTTP.
        failure: Option<Failure>,
        /// Whether a page came that its system does not know.
        strange: bool,
    },
    /// Nobody was asked: there is no line.
    Nothing(String),
}

/// Makes the cycle of a slot.
///
/// # Errors
/// [`Interrupted`](Kind::Interrupted) when it was stopped, once what was seen is in the log;
/// [`Unreachable`](Kind::Unreachable) when it cannot be written.
pub fn run(agenda: &Agenda<'_>, desk: &mut Desk<'_>, slot: DateTime<Utc>) -> Result<CycleAccount> {
    desk.folder.check_room()?;
    let started_at = desk.clock.now();
    let id = format!("{}-{}-{}", slot.format("%Y%m%dT%H%M%SZ"), desk.plan.vantage, token());
    let cycle = Cycle { run_id: id, started_at, slot, attempt: 1 };
    let due = agenda.due(slot);
    let looks = due.iter().map(|watched| watched.point.looks().count()).sum();
    let mut account = CycleAccount { slot, run_id: cycle.run_id.clone(), due: looks, ..CycleAccount::default() };
    // Before anybody is asked: a probe that is killed does not begin the same cycle again.
    desk.folder.keep_account(&account)?;
    if let Err(why) = control(desk) {
        if why.kind() == Kind::Interrupted {
            return Err(why);
        }
        for target in targets(&due) {
            account.leave(name_of(target), &why);
        }
    } else {
        let stopped = look_at_all(agenda, desk, &cycle, &due, &mut account);
        log::deliver(desk.folder)?;
        stopped?;
    }
    account.over = true;
    desk.folder.keep_account(&account)?;
    Ok(account)
}

/// The vantage that the id of a cycle names.
pub fn vantage_of(run_id: &str) -> Option<&str> {
    Some(run_id.split_once('-')?.1.rsplit_once('-')?.0)
}

fn targets<'w>(due: &[&'w Watched<'w>]) -> impl Iterator<Item = Target<'w>> {
    let of_one = |watched: &&'w Watched<'w>| {
        let (point, zone) = (watched.point, watched.zone);
        point.looks().map(move |planning| Target { point, planning, zone })
    };
    due.iter().flat_map(of_one).collect::<Vec<_>>().into_iter()
}

fn name_of(target: Target<'_>) -> String {
    let parts = [Some(target.point.counter.as_str()), Some(target.point.procedure.as_str()), target.planning];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" / ")
}

fn look_at_all(
    agenda: &Agenda<'_>,
    desk: &mut Desk<'_>,
    cycle: &Cycle,
    due: &[&Watched<'_>],
    account: &mut CycleAccount,
) -> Result<()> {
    let day = cycle.started_at.format("%Y-%m-%d").to_string();
    let mut spool = Spool::begin(desk.folder, &log::file_of(&day, &desk.plan.vantage), &cycle.run_id)?;
    let mut unanswered = Vec::new();
    for target in targets(due) {
        if desk.clock.now() >= agenda.deadline(cycle.slot) {
            account.leave(name_of(target), &"half a cadence was over");
            continue;
        }
        match contained(desk, cycle, target, &mut spool)? {
            Left::Line { failure, strange } => {
                account.lines += 1;
                if strange {
                    account.not_recognised.push(name_of(target));
                }
                if failure.is_some_and(is_of_the_way) {
                    unanswered.push((target, desk.clock.now() + SECOND_TRY_AFTER));
                }
            }
            Left::Nothing(why) => account.leave(name_of(target), &why),
        }
    }
    let again = Cycle { attempt: 2, ..cycle.clone() };
    for (target, not_before) in unanswered {
        account.repeated += usize::from(repeat(agenda, desk, &again, target, not_before, &mut spool)?);
    }
    Ok(())
}

/// Whether it is the way to the host that failed, and neither the host nor we: another try may come through.
const fn is_of_the_way(failure: Failure) -> bool {
    use Failure::{ConnectionReset, DnsError, EmptyResponse, Timeout, TruncatedBody};
    matches!(failure, DnsError | ConnectionReset | Timeout | EmptyResponse | TruncatedBody)
}

/// Looks once more, after everything else of the cycle, and says whether that left a line. It takes no request that a later
/// slot of the day may need, and no time beyond the cycle's.
fn repeat(
    agenda: &Agenda<'_>,
    desk: &mut Desk<'_>,
    cycle: &Cycle,
    target: Target<'_>,
    not_before: DateTime<Utc>,
    spool: &mut Spool,
) -> Result<bool> {
    let (now, host) = (desk.clock.now(), target.point.host());
    let later = agenda.still_due(host, cycle.slot, now.date_naive());
    let needed = target.point.requests().saturating_add(later);
    if not_before.max(now) >= agenda.deadline(cycle.slot) || !desk.gate.has_left(host, needed, now) {
        return Ok(false);
    }
    desk.clock.sleep_until(not_before, desk.progress)?;
    Ok(matches!(contained(desk, cycle, target, spool)?, Left::Line { .. }))
}

/// Looks once, and lets no panic out: a page that breaks our code costs its service this look, and no other service any.
fn contained(desk: &mut Desk<'_>, cycle: &Cycle, target: Target<'_>, spool: &mut Spool) -> Result<Left> {
    let sent = desk.sent;
    // What a panic leaves half done is the line that was written before the look, which stands as that of a probe that was
    // killed does; the request was counted on disk before it left.
    if let Ok(left) = catch_unwind(AssertUnwindSafe(|| look(desk, cycle, target, spool))) {
        return left;
    }
    tracing::error!("{}: our own code broke during the look, and its line says so", name_of(target));
    if desk.sent > sent {
        // The pause counts from now on, and a host whose pages break us three times in a row is left alone for a time.
        desk.note(target.point.host(), &Heard::Failed { took: Duration::ZERO }, desk.clock.now())?;
    }
    if !spool.is_open() {
        spool.begun(&begun(cycle, target, desk, desk.clock.now()))?;
    }
    Ok(Left::Line { failure: Some(Failure::RobotError), strange: false })
}

/// Looks once. A look that was stopped after it had asked leaves a line that says so.
fn look(desk: &mut Desk<'_>, cycle: &Cycle, target: Target<'_>, spool: &mut Spool) -> Result<Left> {
    let host = target.point.host();
    let ready = if desk.wants_robots(host) { introduce(desk, cycle, target, spool) } else { Ok(None) };
    let ready = ready.and_then(|line| if line.is_some() { Ok(line) } else { desk.ready(target.point).map(|()| None) });
    match ready {
        Ok(None) => {}
        Ok(Some(left)) => return Ok(left),
        Err(NotSent::Never(why)) => return Ok(Left::Nothing(why.to_string())),
        Err(NotSent::Failed(error)) => return Err(error),
    }
    ask(desk, cycle, target, spool)
}

/// Looks once, now that the host's turn has come.
fn ask(desk: &mut Desk<'_>, cycle: &Cycle, target: Target<'_>, spool: &mut Spool) -> Result<Left> {
    let refusals = |desk: &Desk<'_>| desk.gate.memory().host(target.point.host()).map_or(0, |host| host.refusals);
    let (before, now, running, sent) = (refusals(desk), desk.clock.now(), desk.clock.running(), desk.sent);
    let first = begun(cycle, target, desk, now);
    spool.begun(&first)?;
    let mut session = Session::new(desk, target.point);
    let found = of(target.point.system).look(target, &mut session);
    let mut last = session.end();
    let asked = desk.sent > sent;
    let finding = match found {
        Ok(finding) => finding,
        Err(Stop::Ended) => Finding::Unknown,
        Err(Stop::Never(why)) if !asked => {
            spool.dropped()?;
            return Ok(Left::Nothing(why.to_string()));
        }
        Err(Stop::Never(why)) => {
            tracing::warn!("{}: {why}", name_of(target));
            // Where the page wanted what is never done, it is what was seen; where we ended it, it is not.
            if !matches!(why, Why::NoShape | Why::Field(_)) {
                last.failure = Some(Failure::RobotError);
            }
            Finding::Unknown
        }
        Err(Stop::Failed(error)) => {
            let kept = if asked { spool.done(&first) } else { spool.dropped() };
            return kept.and(Err(error));
        }
    };
    // RDV-Préfecture always ends at its captcha: that is its answer, and no refusal.
    let plain = last.status == Some(200) && last.failure.is_none() && refusals(desk) == before;
    let known = finding != Finding::Unknown || target.point.system == System::Rdvpref;
    let strange = plain && !known;
    if plain && known {
        desk.gate.answered(target.point.host());
        desk.remember()?;
    }
    let failure = last.failure;
    let took = desk.clock.running().saturating_sub(running);
    let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let shown_ms = (desk.clock.now() - now).num_milliseconds();
    if (shown_ms - took_ms).abs() > CLOCK_JUMP_MAX.num_milliseconds() {
        last.notes.push("horloge-sautee".to_owned());
    }
    let line = done(first, target, &last, &finding, took_ms);
    // The page first: no line says that it stands on one that is not there.
    if let Some(exchange) = &last.exchange {
        let day = cycle.started_at.date_naive();
        let of = Of { attempt_id: &line.attempt_id, run_id: &cycle.run_id, day };
        warc::keep(desk.folder, desk.plan, &desk.identity, of, exchange)?;
    }
    spool.done(&line)?;
    Ok(Left::Line { failure, strange })
}

/// Asks a host for its robots.txt, before the first look at it. A host that does not answer to that does not answer to anybody,
/// and its pages must not be asked for: that is what was seen of the service, and its line.
fn introduce(
    desk: &mut Desk<'_>,
    cycle: &Cycle,
    target: Target<'_>,
    spool: &mut Spool,
) -> Result<Option<Left>, NotSent> {
    let (host, now) = (target.point.host(), desk.clock.now());
    let first = begun(cycle, target, desk, now);
    spool.begun(&first)?;
    let reply = match desk.ask_robots(host) {
        Ok(reply) => reply,
        Err(not_sent) => {
            spool.dropped()?;
            return Err(not_sent);
        }
    };
    if reply.failure.is_none() && !matches!(reply.status, None | Some(429 | 500..=599)) {
        spool.dropped()?;
        return Ok(None);
    }
    let (url, step) = (robots_address(host).ok(), Some("robots.txt".to_owned()));
    let last = Last { url, step, status: reply.status, failure: reply.failure, ..Last::default() };
    let took_ms = i64::try_from(reply.took.as_millis()).unwrap_or(i64::MAX);
    spool.done(&done(first, target, &last, &Finding::Unknown, took_ms))?;
    // The next cycle asks for it again: until then there is nothing to repeat.
    Ok(Some(Left::Line { failure: None, strange: false }))
}

/// Asks for the declared page. If that does not work, it is our own network that does not, and nobody else is asked; and if it
/// shows another time, our clock is wrong, and no line would be worth anything.
fn control(desk: &mut Desk<'_>) -> Result<()> {
    let request =
        Request { method: Method::Get, url: desk.plan.page.clone(), headers: desk.identity.headers(), body: None };
    let reply = desk.wire.exchange(&request, desk.progress)?;
    if reply.status != Some(200) || reply.failure.is_some() {
        return Err(Error::unreachable("the declared page could not be had, so that nobody else was asked"));
    }
    let now = desk.clock.now();
    let theirs = reply.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    match theirs.map(|theirs| theirs.with_timezone(&Utc)) {
        Some(theirs) if (theirs - now).abs() > CLOCK_ERROR_MAX => Err(Error::unreachable(format!(
            "the clock shows {} where the declared page's server shows {}, so that nobody was asked",
            now.to_rfc3339_opts(SecondsFormat::Secs, true),
            theirs.to_rfc3339_opts(SecondsFormat::Secs, true)
        ))),
        _ => Ok(()),
    }
}
