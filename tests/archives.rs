//! A mapping that names the members of archives reads each as a file of its own; whatever an archive holds, every member is
//! read or named, nothing is written outside, and what is damaged stands in the account.

use std::fs;
use std::path::PathBuf;

use guichets_ouverts::digest::sha256;

use crate::support::raw::{AS_OF, left_alone};
use crate::support::web::{Web, file_of};
use crate::support::workshop::{Told, Workshop, day, days};
use crate::support::{Store, guichets, root};

/// What makes an archive.
type Make = Box<dyn Fn(&Workshop)>;

#[test]
fn members_of_every_kind_of_archive_are_files_of_their_own() {
    let files = [("jour/01.csv", day(1, 3)), ("jour/02.csv", day(2, 5)), ("LISEZ-MOI.txt", "bonjour".to_owned())];
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let tar = |flags: &str, name: &str| {
        let (flags, path) = (flags.to_owned(), format!("../raw/{name}"));
        move |workshop: &Workshop| workshop.tool("tar", &[&flags, &path, "jour", "LISEZ-MOI.txt"])
    };
    let makes: Vec<(&str, Make)> = vec![
        ("a.archive.tar", Box::new(tar("-cf", "a.archive.tar"))),
        ("a.archive.tgz", Box::new(tar("-czf", "a.archive.tgz"))),
        (
            "a.archive.tar.zst",
            Box::new(|workshop| {
                workshop.tool("tar", &["-cf", "x.tar", "jour", "LISEZ-MOI.txt"]);
                workshop.tool("zstd", &["-q", "x.tar", "-o", "../raw/a.archive.tar.zst"]);
            }),
        ),
        (
            "a.archive.zip",
            Box::new(|workshop| workshop.tool("zip", &["-qr", "../raw/a.archive.zip", "jour", "LISEZ-MOI.txt"])),
        ),
        (
            "a.archive.1",
            Box::new(|workshop| {
                workshop.python(
                    "import zipfile\n\
                 with zipfile.ZipFile('../raw/a.archive.1', 'w') as z:\n\
                 \x20 for n in ('jour/01.csv', 'jour/02.csv', 'LISEZ-MOI.txt'): z.write(n)",
                );
            }),
        ),
        (
            "a.archive.pax",
            Box::new(|workshop| {
                workshop.python(
                    "import tarfile\n\
                 with tarfile.open('../raw/a.archive.pax', 'w:gz', format=tarfile.PAX_FORMAT) as t:\n\
                 \x20 t.add('jour', './jour'); t.add('LISEZ-MOI.txt', './LISEZ-MOI.txt')",
                );
            }),
        ),
    ];
    for (archive, make) in makes {
        let workshop = Workshop::of(&named);
        make(&workshop);
        let told = workshop.run();
        assert_eq!(
            told.read(),
            [format!("{archive}/jour/01.csv: 3 3 true"), format!("{archive}/jour/02.csv: 5 5 true")],
            "{archive}"
        );
        assert_eq!(told.left_alone, [format!("{archive}/LISEZ-MOI.txt autre_nom")]);
        let account = &told.store.rows("fichiers")[1];
        assert_eq!(
            (&account["octets"], &account["sha256"]),
            (&files[1].1.len().to_string(), &sha256(files[1].1.as_bytes()))
        );
        let sources = told.store.inputs()[0]["file"].clone();
        assert_eq!(sources, format!("{archive}/jour/01.csv"));
    }
}

#[test]
fn a_compressed_member_is_unpacked_as_any_file() {
    let workshop = Workshop::of(&[("01.csv", &day(1, 3)), ("02.csv", &day(2, 2))]);
    workshop.tool("gzip", &["01.csv"]);
    workshop.tool("zstd", &["-q", "--rm", "02.csv"]);
    workshop.tool("tar", &["-cf", "../raw/a.archive", "01.csv.gz", "02.csv.zst"]);
    let told = Told::of(Store::new(), &workshop.pipeline("*.csv.*"), &workshop.raw());
    assert_eq!(told.read(), ["a.archive/01.csv.gz: 3 3 true", "a.archive/02.csv.zst: 2 2 true"]);
}

#[test]
fn tricks_of_an_archive_are_harmless_and_said() {
    let workshop = Workshop::of(&[("01.csv", &day(1, 3))]);
    workshop.python(
        "import io, tarfile, zipfile\n\
         text = open('01.csv', 'rb').read()\n\
         with tarfile.open('../raw/t.archive', 'w') as t:\n\
         \x20 def put(name, type=tarfile.REGTYPE, link='', text=text):\n\
         \x20  i = tarfile.TarInfo(name); i.type = type; i.linkname = link\n\
         \x20  i.size = len(text) if type == tarfile.REGTYPE else 0\n\
         \x20  t.addfile(i, io.BytesIO(text))\n\
         \x20 put('01.csv'); put('../dehors.csv'); put('/absolu.csv'); put('a/../../b.csv')\n\
         \x20 put('lien.csv', tarfile.SYMTYPE, '/etc/passwd'); put('dur.csv', tarfile.LNKTYPE, '01.csv')\n\
         \x20 put('tube.csv', tarfile.FIFOTYPE); put('disque.csv', tarfile.BLKTYPE); put('dossier.csv', tarfile.DIRTYPE)\n\
         \x20 put('._01.csv'); put('02.csv~'); put('=02.csv'); put('03;=1.csv'); put('un\\nde.csv'); put('x' * 200 + '.csv')\n\
         \x20 put('04.csv', text=b'guichet;jour;heure;libres;etape\\n'); put('04.csv')\n\
         with zipfile.ZipFile('../raw/z.archive', 'w') as z:\n\
         \x20 for n in ('01.csv', '../dehors.csv', '/absolu.csv', 'dossier.csv/', '._01.csv'): z.writestr(n, text)\n\
         \x20 i = zipfile.ZipInfo('lien.csv'); i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, '/etc/passwd')\n\
         \x20 z.writestr(zipfile.ZipInfo('bz.csv'), text, compress_type=zipfile.ZIP_BZIP2)\n\
         \x20 z.writestr('04.csv', b'x'); z.writestr('04.csv', text)",
    );
    workshop.tool("zip", &["-qP", "secret", "../raw/p.archive.zip", "01.csv"]);
    let told = workshop.run();
    let long = format!("t.archive/{}.csv: 3 3 true", "x".repeat(200));
    assert_eq!(
        told.read(),
        [
            "t.archive/01.csv: 3 3 true",
            "t.archive/03%3B=1.csv: 3 3 true",
            "t.archive/04.csv: 3 3 true",
            "t.archive/=02.csv: 3 3 true",
            "t.archive/un%0Ade.csv: 3 3 true",
            &long,
            "z.archive/01.csv: 3 3 true",
            "z.archive/04.csv: 3 3 true",
        ]
    );
    assert_eq!(
        told.left_alone,
        [
            "p.archive.zip archive_sans_journal",
            "p.archive.zip/01.csv chiffre",
            "t.archive/../dehors.csv chemin_interdit",
            "t.archive/._01.csv cache",
            "t.archive//absolu.csv chemin_interdit",
            "t.archive/02.csv~ inacheve",
            "t.archive/04.csv membre_remplace",
            "t.archive/a/../../b.csv chemin_interdit",
            "t.archive/disque.csv pas_un_fichier",
            "t.archive/dur.csv lien",
            "t.archive/lien.csv lien",
            "t.archive/tube.csv pas_un_fichier",
            "z.archive membre_remplace",
            "z.archive/../dehors.csv chemin_interdit",
            "z.archive/._01.csv cache",
            "z.archive//absolu.csv chemin_interdit",
            "z.archive/bz.csv compression_inconnue",
            "z.archive/dossier.csv/ pas_un_fichier",
            "z.archive/lien.csv lien",
        ]
    );
    assert!(told.set_aside.is_empty(), "{:?}", told.set_aside);
}

#[test]
fn two_tars_in_one_file_and_an_archive_in_another_packing_lose_nothing_silently() {
    let workshop = days();
    workshop.tool("tar", &["-cf", "1.tar", "01.csv"]);
    workshop.tool("tar", &["-cf", "2.tar", "02.csv"]);
    let both = [fs::read(workshop.bench().join("1.tar")).unwrap(), fs::read(workshop.bench().join("2.tar")).unwrap()];
    fs::write(workshop.raw().join("a.archive"), both.concat()).unwrap();
    let told = workshop.run();
    assert_eq!(told.read(), ["a.archive/01.csv: 3 3 true", "a.archive/02.csv: 3 3 true"]);
    // One archive inside another is not opened.
    workshop.tool("zip", &["-q", "../raw/b.archive", "1.tar", "03.csv"]);
    let told = workshop.run();
    assert!(told.left_alone.contains(&"b.archive/1.tar archive".to_owned()), "{:?}", told.left_alone);
}

#[test]
fn a_member_is_read_once_and_an_archive_that_is_mended_leaves_the_account() {
    let workshop = days();
    workshop.tool("tar", &["-cf", "x.tar", "01.csv", "02.csv"]);
    let tar = fs::read(workshop.bench().join("x.tar")).unwrap();
    fs::write(workshop.raw().join("a.archive"), &tar[..1024 + 600]).unwrap();
    let first = workshop.run();
    assert_eq!(first.read(), ["a.archive: 0 1 false", "a.archive/01.csv: 3 3 true"]);
    let unchanged = first.store.run(&workshop.pipeline("*.csv"), &[&workshop.raw()], AS_OF, &[]);
    assert_eq!(unchanged.code, Some(1), "{}{}", unchanged.stdout, unchanged.stderr);
    // The next night the archive is whole: its account goes, the first member is not read again.
    fs::write(workshop.raw().join("a.archive"), &tar).unwrap();
    let second = workshop.run_into(first.store);
    assert_eq!(second.read(), ["a.archive/01.csv: 3 3 true", "a.archive/02.csv: 3 3 true"]);
    let read: Vec<String> = second.store.manifest()["files_read"]
        .as_array()
        .unwrap()
        .iter()
        .map(|raw| raw["file"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(read, ["a.archive/02.csv"]);
    assert!(second.set_aside.is_empty(), "{:?}", second.set_aside);
    // A night of which it is not missed, and one that names it again.
    fs::remove_file(workshop.raw().join("a.archive")).unwrap();
    workshop.tool("zip", &["-q", "../raw/b.archive.zip", "03.csv"]);
    let third = workshop.run_into(second.store);
    assert_eq!(third.read.len(), 3);
    fs::write(workshop.raw().join("a.archive"), &tar).unwrap();
    let again = third.store.run(&workshop.pipeline("*.csv"), &[&workshop.raw()], AS_OF, &[]);
    assert_eq!(again.code, Some(1), "{}{}", again.stdout, again.stderr);
    // All at once is the same.
    let whole = workshop.run();
    assert_eq!(whole.read, third.read);
    assert_eq!(whole.store.content(), third.store.content());
}

/// A member, a whole archive, and one that is damaged.
#[test]
fn what_somebody_leaves_out_by_its_name_is_not_read_and_named() {
    let workshop = days();
    workshop.tool("tar", &["-cf", "../raw/a.archive", "01.csv", "02.csv"]);
    workshop.tool("tar", &["-cf", "../raw/b.archive", "03.csv"]);
    let tar = fs::read(workshop.raw().join("a.archive")).unwrap();
    fs::write(workshop.raw().join("c.archive"), &tar[..1024 + 600]).unwrap();
    let (store, pipeline, raw) = (Store::new(), workshop.pipeline("*.csv"), workshop.raw());
    let without = |names: &[&str]| {
        let options: Vec<&str> = names.iter().flat_map(|name| ["--without", name]).collect();
        store.run(&pipeline, &[&raw], AS_OF, &options)
    };
    for unknown in ["a.archiv", "02.csv", "a.archive/"] {
        let refused = without(&[unknown]);
        assert_eq!(refused.code, Some(2), "{unknown}: {}", refused.stderr);
        assert!(refused.stderr.contains(&format!("« {unknown} »")), "{}", refused.stderr);
    }
    let run = without(&["a.archive/01.csv", "b.archive", "c.archive"]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    let files: Vec<String> = store.rows("fichiers").iter().map(|row| row["fichier"].clone()).collect();
    assert_eq!(files, ["a.archive/02.csv"]);
    let left_alone = left_alone(&store.manifest()["left_alone"]);
    assert_eq!(left_alone, ["a.archive/01.csv ecarte", "b.archive ecarte", "c.archive ecarte"]);
    // The next night takes them, where nobody says so any more.
    assert_eq!(without(&[]).code, Some(0));
    let left_alone = store.manifest()["left_alone"].to_string();
    assert!(!left_alone.contains("ecarte"), "{left_alone}");
}

#[test]
fn an_archive_that_is_elsewhere_is_fetched() {
    let workshop = days();
    workshop.tool("tar", &["-czf", "../raw/a.archive", "01.csv", "02.csv"]);
    workshop.tool("zip", &["-q", "../raw/b.archive", "03.csv"]);
    let raw = workshop.raw();
    let web = Web::serve(move |asked| file_of(&raw, &asked.path));
    let store = Store::new();
    let addresses = ["a", "b"].map(|name| PathBuf::from(format!("{}/{name}.archive", web.url)));
    let run = store.run(&workshop.pipeline("*.csv"), &[&addresses[0], &addresses[1]], AS_OF, &[]);
    assert_eq!(run.code, Some(0), "{}\n{}", run.stdout, run.stderr);
    let read: Vec<String> = store.rows("fichiers").iter().map(|row| row["fichier"].clone()).collect();
    assert_eq!(read, ["a.archive/01.csv", "a.archive/02.csv", "b.archive/03.csv"]);
}

#[test]
fn a_member_with_holes_is_read_with_them_or_left_alone() {
    let workshop = days();
    workshop.python(
        "with open('creux.csv', 'wb') as f:\n\
         \x20 f.write(open('01.csv', 'rb').read()); f.seek(1 << 20); f.write(b'\\n'); f.truncate(2 << 20)",
    );
    workshop.tool("tar", &["--format=gnu", "-cSf", "../raw/g.archive", "creux.csv", "02.csv"]);
    workshop.tool("tar", &["--format=posix", "-cSf", "../raw/p.archive", "creux.csv", "02.csv"]);
    let told = workshop.run();
    assert_eq!(
        told.read(),
        ["g.archive/02.csv: 3 3 true", "g.archive/creux.csv: 3 5 true", "p.archive/02.csv: 3 3 true"]
    );
    assert_eq!(told.left_alone.len(), 1);
    assert!(told.left_alone[0].starts_with("p.archive/") && told.left_alone[0].ends_with(" compression_inconnue"));
}

#[test]
fn a_line_of_a_member_is_explained_under_the_name_of_the_member() {
    let workshop = Workshop::of(&[("jour/01.csv", &day(1, 3))]);
    workshop.tool("tar", &["-czf", "../raw/a.archive.tgz", "jour"]);
    let line = format!("{}:3", workshop.raw().join("a.archive.tgz/jour/01.csv").display());
    let pipeline = workshop.pipeline("*.csv");
    let explained = guichets(root(), ["explain", pipeline.to_str().unwrap(), &line]);
    assert!(explained.stdout.starts_with("a.archive.tgz/jour/01.csv:3:\n"), "{}{}", explained.stdout, explained.stderr);
    let missing = line.replace("01.csv", "02.csv");
    let missing = guichets(root(), ["explain", pipeline.to_str().unwrap(), &missing]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("a.archive.tgz/jour/01.csv"), "it says what there is: {}", missing.stderr);
}

#[test]
fn a_pattern_of_members_that_is_none_is_refused_with_the_pipeline() {
    let workshop = days();
    workshop.tool("tar", &["-cf", "../raw/a.archive", "01.csv"]);
    let refused = Store::new().run(&workshop.pipeline("["), &[&workshop.raw()], AS_OF, &[]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("pipeline.toml") && refused.stderr.contains("members"), "{}", refused.stderr);
}
