//! Why a line is set aside, and the table of the lines that were.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringBuilder};

use serde::{Deserialize, Serialize};

use crate::attempt::wire_enum;
use crate::error::{Context, Result};

wire_enum! {
    /// The reason codes of the table `quarantaine`.
    #[derive(PartialOrd, Ord)]
    Reason {
        /// Not a JSON object.
        InvalidJson = "json_invalide",
        /// Bytes that are not UTF-8.
        InvalidUtf8 = "utf8_invalide",
        /// A field that the contract does not have.
        UnknownField = "champ_inconnu",
        /// A required field is absent.
        MissingField = "champ_manquant",
        /// A field is there twice.
        DuplicateField = "champ_en_double",
        /// A value of another type than the contract's.
        WrongType = "type_invalide",
        /// A value of the right type outside what is allowed.
        InvalidValue = "valeur_invalide",
        /// A contract of which this version knows nothing.
        UnknownContract = "contrat_inconnu",
        /// Not a date, or one that does not exist.
        InvalidDate = "date_invalide",
        /// An instant before the first that the schedule knows.
        BeforeSchedule = "avant_calendrier",
        /// A local time skipped by a change of clock.
        MissingLocalTime = "heure_inexistante",
        /// A local time that happened twice.
        AmbiguousLocalTime = "heure_ambigue",
        /// A counter that the registry does not have.
        UnknownCounter = "guichet_inconnu",
        /// A procedure that the registry does not have.
        UnknownProcedure = "demarche_inconnue",
        /// Not the columns that were announced.
        UnexpectedColumns = "colonnes_inattendues",
        /// A quote that is not closed, or something behind a closed one.
        IrregularQuotes = "guillemets_irreguliers",
        /// Part of a record that goes on over the end of the line.
        SpreadRecord = "enregistrement_multiligne",
        /// Longer than the limit.
        LineTooLong = "ligne_trop_longue",
        /// The file ends in the middle of the line.
        TruncatedLine = "ligne_tronquee",
        /// The compressed stream is cut or damaged; what follows is lost.
        BrokenStream = "flux_corrompu",
        /// The stream unpacks to far more than a log would; reading was stopped.
        OversizedStream = "flux_trop_volumineux",
        /// The zstd stream looks back further than the limit; it is not unpacked.
        OversizedWindow = "fenetre_trop_grande",
        /// What is unpacked has to be unpacked again, or in a way that is not known here.
        StillPacked = "encore_compresse",
        /// The id of another attempt, on a line that says something else.
        ConflictingId = "identifiant_en_conflit",
    }
}

impl Reason {
    /// Whether what is behind it in the file was not read.
    #[must_use]
    pub const fn ends_the_file(self) -> bool {
        matches!(self, Self::BrokenStream | Self::OversizedStream | Self::OversizedWindow | Self::StillPacked)
    }
}

/// A refusal of a line: why, and which field of the contract, if one is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// The field of the contract.
    pub field: Option<&'static str>,
}

impl Reject {
    /// A refusal that concerns no field in particular.
    #[must_use]
    pub const fn line(reason: Reason) -> Self {
        Self { reason, field: None }
    }

    /// The same refusal, because of this field where none was known.
    #[must_use]
    pub const fn of(self, field: &'static str) -> Self {
        match self.field {
            Some(_) => self,
            None => Self { field: Some(field), ..self },
        }
    }

    /// A refusal because of one field.
    #[must_use]
    pub const fn field(reason: Reason, field: &'static str) -> Self {
        Self { reason, field: Some(field) }
    }
}

/// A row of `quarantaine`: where the line stands, never what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quarantined {
    /// Path relative to the raw root.
    pub file: Arc<str>,
    /// 1-based.
    pub line: u64,
    /// Which of the records of the line, from 1; a line that holds one has no other.
    pub rank: u32,
    /// Offset of the line's first byte in the decompressed file.
    pub offset: u64,
    /// Bytes, without the line's end.
    pub length: u64,
    /// Why.
    pub reason: Reason,
    /// The field of the contract, if one is known.
    pub field: Option<Cow<'static, str>>,
}

/// The table `quarantaine`, of rows in the order of files and lines.
///
/// # Errors
/// [`Internal`](crate::error::Kind::Internal) if the columns do not hold together.
pub fn quarantine_table(rows: &[Quarantined]) -> Result<RecordBatch> {
    let (mut file, mut reason, mut field) = (StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
    let (mut line, mut offset, mut length) = (Int64Builder::new(), Int64Builder::new(), Int64Builder::new());
    let mut rank = Int64Builder::new();
    for row in rows {
        file.append_value(&row.file);
        line.append_value(row.line.cast_signed());
        rank.append_value(row.rank.into());
        offset.append_value(row.offset.cast_signed());
        length.append_value(row.length.cast_signed());
        reason.append_value(row.reason.code());
        field.append_option(row.field.as_deref());
    }
    RecordBatch::try_from_iter_with_nullable([
        ("fichier", Arc::new(file.finish()) as ArrayRef, false),
        ("ligne", Arc::new(line.finish()), false),
        ("rang", Arc::new(rank.finish()), false),
        ("octet", Arc::new(offset.finish()), false),
        ("longueur", Arc::new(length.finish()), false),
        ("motif", Arc::new(reason.finish()), false),
        ("champ", Arc::new(field.finish()), true),
    ])
    .internal("the table quarantaine")
}
