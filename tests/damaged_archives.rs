//! An archive that is cut, damaged or a bomb stands in the account beside what came out of it, and nothing of it goes unsaid.

use std::fs;

use guichets_ouverts::config::Pipeline;
use guichets_ouverts::digest::sha256;
use guichets_ouverts::ingest::find;
use rand::Rng as _;

use crate::support::workshop::{Workshop, day, days, three_days};

#[test]
fn an_archive_that_was_cut_stands_in_the_account_beside_what_came_out_of_it() {
    let workshop = days();
    let tar = three_days(&workshop, "a.tar", "tar", &["-cf"]);
    // In the text of the second, where the second ends, within a header, and in the zeros at the end.
    for (cut, whole) in [(1024 + 512 + 10, 1), (2048, 2), (2048 + 100, 2), (0, 0), (10, 0)] {
        let workshop = days();
        fs::write(workshop.raw().join("a.archive"), &tar[..cut]).unwrap();
        fs::write(workshop.raw().join("b.archive"), &tar).unwrap();
        let told = workshop.run();
        let read: Vec<&String> = told.read.keys().filter(|file| file.starts_with("a.archive/")).collect();
        assert_eq!(read.len(), whole, "{cut}: {:?}", told.read);
        assert_eq!(told.read["a.archive"], "0 1 false", "{cut}");
        assert_eq!(told.set_aside, ["a.archive 1 flux_corrompu"], "{cut}");
        let account = &told.store.rows("fichiers")[0];
        assert_eq!((&account["octets"], &account["sha256"]), (&cut.to_string(), &sha256(&tar[..cut])));
        let sum = |column: &str| account[column].parse::<u64>().unwrap();
        assert_eq!(sum("lignes"), sum("tentatives") + sum("doublons") + sum("vides") + sum("quarantaine"));
    }
    let workshop = days();
    let packed = three_days(&workshop, "a.tgz", "tar", &["-czf"]);
    let zip = three_days(&workshop, "a.zip", "zip", &["-q0"]);
    let mut changed = zip.clone();
    let at = changed.windows(10).position(|window| window == b"2019-04-02").unwrap();
    changed[at] = b'1';
    let csv = day(1, 3);
    for (what, bytes, whole, left_alone) in [
        ("a tgz without its last bytes", &packed[..packed.len() - 4], 3, vec![]),
        ("half a tgz", &packed[..packed.len() / 2], 0, vec![]),
        ("a zip without its directory", &zip[..zip.len() - 60], 0, vec![]),
        ("a zip with another byte", &changed[..], 2, vec!["a.archive/02.csv membre_endommage".to_owned()]),
        ("no archive at all", csv.as_bytes(), 0, vec![]),
    ] {
        let workshop = days();
        fs::write(workshop.raw().join("a.archive"), bytes).unwrap();
        let told = workshop.run();
        assert_eq!(told.read.len(), 1 + whole, "{what}: {:?}", told.read);
        assert_eq!(told.read["a.archive"], "0 1 false", "{what}");
        assert_eq!(told.set_aside, ["a.archive 1 flux_corrompu"], "{what}");
        if what != "half a tgz" {
            assert_eq!(told.left_alone, left_alone, "{what}");
        }
    }
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_logs_is_stopped() {
    let workshop = Workshop::of(&[("01.csv", &day(1, 3))]);
    workshop.python(
        "import tarfile, zipfile, io\n\
         text = open('01.csv', 'rb').read(); zeros = bytes(100 << 20)\n\
         with tarfile.open('../raw/t.archive', 'w:gz') as t:\n\
         \x20 for n, b in (('01.csv', text), ('02.csv', zeros), ('03.csv', text)):\n\
         \x20  i = tarfile.TarInfo(n); i.size = len(b); t.addfile(i, io.BytesIO(b))\n\
         with zipfile.ZipFile('../raw/z.archive', 'w', zipfile.ZIP_DEFLATED) as z:\n\
         \x20 for n, b in (('01.csv', text), ('02.csv', zeros), ('03.csv', text)): z.writestr(n, b)",
    );
    let told = workshop.run();
    assert_eq!(
        told.read(),
        ["t.archive: 0 1 false", "t.archive/01.csv: 3 3 true", "z.archive: 0 1 false", "z.archive/01.csv: 3 3 true"]
    );
    assert_eq!(told.set_aside, ["t.archive 1 flux_trop_volumineux", "z.archive 1 flux_trop_volumineux"]);
}

/// The reader of tar takes the headers of a member into memory: a few kilobytes may unpack to as many gigabytes.
#[test]
fn a_header_longer_than_any_name_breaks_the_archive() {
    let workshop = Workshop::of(&[("01.csv", &day(1, 3)), ("03.csv", &day(3, 3))]);
    workshop.python(
        "import tarfile, io\n\
         def archive(path, form, name):\n\
         \x20 with tarfile.open(path, 'w:gz', format=form) as t:\n\
         \x20  t.add('01.csv'); i = tarfile.TarInfo(name); i.size = 3000; t.addfile(i, io.BytesIO(b'x' * 3000)); t.add('03.csv')\n\
         for what, form in (('gnu', tarfile.GNU_FORMAT), ('pax', tarfile.PAX_FORMAT)):\n\
         \x20 archive(f'../raw/{what}-long.archive', form, 'n' * (2 << 20))\n\
         \x20 archive(f'../raw/{what}.archive', form, 'n' * 300)\n\
         import gzip\n\
         one = gzip.open('../raw/gnu.archive').read()\n\
         open('../raw/joined.archive', 'wb').write(one + bytes(3 << 20) + one.replace(b'01.csv', b'05.csv').replace(b'03.csv', b'07.csv'))",
    );
    // The sum of a header is of its name, too.
    let joined = workshop.raw().join("joined.archive");
    let mut bytes = fs::read(&joined).unwrap();
    for at in (0..bytes.len()).step_by(512) {
        let header = &mut bytes[at..at + 512];
        if header[..3] == *b"05." || header[..3] == *b"07." {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    fs::write(joined, bytes).unwrap();
    let told = workshop.run();
    assert_eq!(told.set_aside, ["gnu-long.archive 1 flux_corrompu", "pax-long.archive 1 flux_corrompu"]);
    let whole = |archive: &str, members: &[&str]| {
        members.iter().map(|member| format!("{archive}/{member}.csv: 3 3 true")).collect::<Vec<_>>()
    };
    let broken = |archive: &str| [vec![format!("{archive}: 0 1 false")], whole(archive, &["01"])].concat();
    assert_eq!(
        told.read(),
        [
            broken("gnu-long.archive"),
            whole("gnu.archive", &["01", "03"]),
            whole("joined.archive", &["01", "03", "05", "07"]),
            broken("pax-long.archive"),
            whole("pax.archive", &["01", "03"]),
        ]
        .concat()
    );
}

/// Whatever byte of an archive is another, and wherever it is cut: no panic, and every member is read, or said, or the
/// archive is in the account.
#[test]
fn no_damage_to_an_archive_goes_unsaid() {
    let workshop = days();
    let archives = [
        three_days(&workshop, "a.tar", "tar", &["-cf"]),
        three_days(&workshop, "a.tgz", "tar", &["-czf"]),
        three_days(&workshop, "a.zip", "zip", &["-q"]),
    ];
    let pipeline = Pipeline::load(&workshop.pipeline("*.csv")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let path = workshop.raw().join("a.archive");
    let source = [path.to_str().unwrap().to_owned()];
    let texts = ["01.csv", "02.csv", "03.csv"].map(|name| fs::read(workshop.bench().join(name)).unwrap());
    let mut random = rand_pcg::Pcg64Mcg::new(9);
    let mut seen = [0_u32; 2];
    for archive in &archives {
        for round in 0..150 {
            let mut bytes = archive.clone();
            let at = usize::try_from(random.next_u64() % bytes.len() as u64).unwrap();
            match round % 3 {
                0 => bytes.truncate(at),
                1 => bytes[at] ^= 1 << (random.next_u32() % 8),
                _ => bytes[at] = bytes[at].wrapping_add(1),
            }
            fs::write(&path, &bytes).unwrap();
            let found = find(&source, &pipeline, runtime.handle()).unwrap_or_else(|error| panic!("{at}: {error}"));
            let whole =
                found.files.iter().filter(|file| texts.contains(&fs::read(file.local_path().unwrap()).unwrap()));
            let said = !found.damaged.is_empty() || found.files.len() + found.left_alone.len() >= 3;
            assert!(said, "byte {at} of {}: {:?}", bytes.len(), found.left_alone);
            seen[usize::from(whole.count() == 3)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "both whole and damaged ones were tried: {seen:?}");
}
