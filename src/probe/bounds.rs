//! What the probe never exceeds, each bound once: the gate enforces them, a plan may only be stricter, and the declared page
//! is printed from them.

use std::time::Duration;

use chrono::TimeDelta;

/// The product by which the probe names itself, and by which a robots.txt can address it.
pub const PRODUCT: &str = "guichets-ouverts";
/// What every request says of its purpose; header values are ASCII.
pub const PURPOSE: &str = "mesure publique des rendez-vous offerts; ne reserve rien";

/// Most requests of one look at one planning, redirections included.
pub const REQUESTS_PER_LOOK: u32 = 16;
/// Most requests to one host in one day of UTC, robots.txt included.
pub const REQUESTS_PER_HOST_DAY: u32 = 600;
/// Most redirections followed from one request, within its host.
pub const REDIRECTIONS: u32 = 5;
/// The shortest time from one cycle of a service to the next.
pub const CADENCE_MIN: TimeDelta = TimeDelta::minutes(30);

/// The shortest pause between two requests to one host, in seconds.
pub const PAUSE_MIN_S: u32 = 5;
/// The longest pause, in seconds: what a Crawl-delay is honoured up to.
pub const PAUSE_MAX_S: u32 = 120;
/// The pause is at least so many times what the last answer took.
pub const PAUSE_PER_ANSWER: u32 = 5;
/// By how many parts in a hundred a pause is drawn out, at most.
pub const PAUSE_SPREAD_PERCENT: u64 = 25;

/// The longest that a look can take: sixteen requests, each after the longest pause and answered at the last moment.
pub const LOOK_MAX: TimeDelta = TimeDelta::minutes(40);

/// The shortest rest after 429, or 503 with Retry-After.
pub const REST_MIN: TimeDelta = TimeDelta::seconds(60);
/// The rest where the server does not say how long, or not legibly; it doubles each time. So does the one after a refusal.
pub const REST_UNSTATED: TimeDelta = TimeDelta::hours(1);
/// The longest rest. A server that asks for more is not asked again until a person looked.
pub const REST_MAX: TimeDelta = TimeDelta::hours(24);
/// After so many failures of a host in a row it rests.
pub const FAILURES_IN_A_ROW: u32 = 3;

/// A look whose answer never came is repeated once in its cycle, so long after it at least.
pub const SECOND_TRY_AFTER: TimeDelta = TimeDelta::seconds(60);

/// How long a robots.txt is believed.
pub const ROBOTS_AGE_MAX: TimeDelta = TimeDelta::hours(24);
/// How long it is believed that a robots.txt could not be had: the next cycle asks again.
pub const ROBOTS_AGAIN: TimeDelta = CADENCE_MIN;
/// How much of a robots.txt is read, in bytes (RFC 9309).
pub const ROBOTS_BYTES: usize = 500 * 1024;

/// How much of a page is read, in bytes.
pub const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// How long a connection may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take, from the connection to its last byte.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How far the clock may be from the control page's before nobody is asked.
pub const CLOCK_ERROR_MAX: TimeDelta = TimeDelta::seconds(60);
/// How far the clock may jump within a look before the line says so.
pub const CLOCK_JUMP_MAX: TimeDelta = TimeDelta::seconds(2);
/// The longest that a cycle begins after its slot, so that a fleet of probes does not ask at the same second.
pub const START_SPREAD_MAX: TimeDelta = TimeDelta::minutes(15);
/// What must be free on the disk before anybody is asked, in bytes: a site is not bothered for a line that cannot be kept.
pub const DISK_FREE_MIN: u64 = 64 * 1024 * 1024;

/// The names of the only fields that are ever sent, and those of a form alone.
pub const FIELDS: &[&str] = &["condition", "nextButton", "planning"];

/// Hosts that no plan may name: behind them are identities, captchas and filings. A redirection to one is noted.
pub const NEVER_HOSTS: &[&str] = &[
    "administration-etrangers-en-france.interieur.gouv.fr",
    "anef.dgef.interieur.gouv.fr",
    "franceconnect.gouv.fr",
    "piste.gouv.fr",
    "demarches-simplifiees.fr",
    "demarche.numerique.gouv.fr",
];
