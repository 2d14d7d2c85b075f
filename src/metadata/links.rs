//! Where the files of a version are, as seen from its own folder and from `latest/` alike.

use super::{Description, PAGE};
use crate::release::FileEntry;
use crate::schema::TableSchema;

impl Description<'_> {
    /// The public address of the store's root, without a slash at its end.
    pub(crate) fn base(&self) -> Option<&str> {
        self.pipeline.publication.base_url.as_deref().map(|url| url.trim_end_matches('/'))
    }

    /// The path of a file within the version's folder; nothing for one that versions share.
    pub(crate) fn own<'a>(&self, file: &'a FileEntry) -> Option<&'a str> {
        file.path.strip_prefix("versions/")?.strip_prefix(self.about.version.as_str())?.strip_prefix('/')
    }

    /// What a file is called under `latest/`.
    pub(crate) fn name<'a>(&self, file: &'a FileEntry) -> &'a str {
        self.own(file).or_else(|| file.path.rsplit('/').next()).unwrap_or(&file.path)
    }

    /// Where the very bytes of a file are and stay. Without a public address, the name that it has in both folders; nothing
    /// for a file that versions share, which has no such name.
    pub(super) fn address(&self, file: &FileEntry) -> Option<String> {
        match self.base() {
            Some(base) => Some(format!("{base}/{}", file.path)),
            None => self.own(file).map(str::to_owned),
        }
    }

    /// Where the newest file of that name is, whatever its version: what a catalogue should link, for its links are to
    /// outlive a night. Without a public address as for [`address`](Self::address).
    pub(super) fn stable_address(&self, file: &FileEntry) -> Option<String> {
        match self.base() {
            Some(base) => Some(format!("{base}/latest/{}", self.name(file))),
            None => self.own(file).map(str::to_owned),
        }
    }

    /// The version's own page, where it has a public address.
    pub(super) fn page(&self) -> Option<String> {
        self.base().map(|base| format!("{base}/versions/{}/{PAGE}", self.about.version))
    }

    /// A page about the publication, whatever the version.
    pub(super) fn landing_page(&self) -> Option<String> {
        let stated = self.pipeline.publication.landing_page.clone();
        stated.or_else(|| self.base().map(|base| format!("{base}/latest/{PAGE}")))
    }

    /// A page that is always there: of the version, of the publication, or of the publisher.
    pub(super) fn home(&self) -> String {
        let page = self.page().or_else(|| self.landing_page());
        page.unwrap_or_else(|| self.pipeline.publication.publisher.url.clone())
    }

    /// The files of a table.
    pub(crate) fn files_of<'a>(&'a self, table: &'a TableSchema) -> impl Iterator<Item = &'a FileEntry> {
        self.files.iter().copied().filter(|file| file.table.as_deref() == Some(table.name.as_str()))
    }

    /// The files of all tables, each with its table, in the order of the tables.
    pub(super) fn files_by_table(&self) -> impl Iterator<Item = (&TableSchema, &FileEntry)> {
        self.tables.iter().flat_map(|table| self.files_of(table).map(|file| (*table, file)))
    }
}
