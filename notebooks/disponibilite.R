# Refait, en R, les taux mensuels publiés à partir de leurs secondes, vérifie le compte des consultations, et dessine un service.
# Reads a published version in R: finds its monthly rates again, checks the count of consultations, draws one service.
#
#   Rscript notebooks/disponibilite.R [DEPOT] [SORTIE.pdf]      DEPOT : un dossier ou une adresse, ./public par défaut
#
# Il ne faut que readr (Debian : r-cran-readr). Les types viennent de datapackage.json : un identifiant fait de chiffres reste un texte.

suppressPackageStartupMessages(library(readr))

arguments <- commandArgs(TRUE)
store <- sub("/$", "", if (length(arguments) >= 1) arguments[1] else "public")
picture <- if (length(arguments) >= 2) arguments[2] else "disponibilite.pdf"

# Une table, de toutes ses parties, des colonnes voulues et de leurs types.
read_table_of <- function(name, ...) {
  text <- paste(readLines(file.path(store, "latest", "datapackage.json"), warn = FALSE), collapse = "\n")
  found <- regmatches(text, gregexpr(sprintf("\"(%s(-[0-9]{4}(-[0-9]{2})?)?[.]csv)\"", name), text))[[1]]
  files <- unique(gsub("\"", "", found))
  if (length(files) == 0) stop(name, " : aucun fichier dans ce dépôt")
  parts <- lapply(file.path(store, "latest", files), read_csv, col_types = cols_only(...), progress = FALSE)
  do.call(rbind, parts)
}

months <- read_table_of(
  "disponibilite_mois",
  guichet_id = "c", demarche_id = "c", mois = "c", consultations = "i", oui = "i", non = "i", inconnues = "i",
  hors_champ = "i", secondes_non = "d", secondes_repondues = "d", taux_sans_rdv = "d", borne_basse = "d",
  borne_haute = "d", ic95_bas = "d", ic95_haut = "d", qualite = "c"
)

# Chaque consultation a une réponse et une seule.
stopifnot(with(months, consultations == oui + non + inconnues + hors_champ))

# Le taux est la part du temps prévu, parmi celui qui a une réponse, où il n'y avait pas de rendez-vous ; vide sous les seuils.
rated <- subset(months, !is.na(taux_sans_rdv))
again <- with(rated, secondes_non / secondes_repondues)
stopifnot(nrow(rated) > 0, all(abs(again - rated$taux_sans_rdv) < 1e-9))
stopifnot(with(rated, borne_basse <= taux_sans_rdv & taux_sans_rdv <= borne_haute))
cat(nrow(months), "mois de services,", nrow(rated), "taux retrouvés à partir de leurs secondes\n")

# Le service qui a le plus de mois avec un intervalle, ou à défaut un taux. Un mois sans taux n'est pas un mois à zéro : il reste vide.
bounded <- subset(rated, !is.na(ic95_bas))
bounded <- if (nrow(bounded) > 0) bounded else rated
service <- names(which.max(table(paste(bounded$guichet_id, bounded$demarche_id, sep = " / "))))
shown <- subset(months, paste(guichet_id, demarche_id, sep = " / ") == service)
shown <- shown[order(shown$mois), ]
pdf(picture, width = 8, height = 4)
at <- barplot(
  100 * shown$taux_sans_rdv, names.arg = shown$mois, ylim = c(0, 100), col = "grey70", border = NA, las = 1,
  ylab = "% du temps sans rendez-vous", main = service
)
known <- !is.na(shown$ic95_bas)
segments(at[known], 100 * shown$ic95_bas[known], at[known], 100 * shown$ic95_haut[known], lwd = 2)
text(at[is.na(shown$taux_sans_rdv)], 5, "pas de taux", cex = 0.7)
mtext("Trait : intervalle à 95 %. Un mois sans barre n'a pas assez de réponses pour un taux.", side = 1, line = 3, cex = 0.7)
invisible(dev.off())
