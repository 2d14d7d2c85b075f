# Reads every CSV and every workbook of a folder as a person would who has R from Debian, and tells what is in them: a line a file,
# with its name, its rows, what the reader complains of, and the class that it gave each column.

suppressPackageStartupMessages({
  library(readr)
  library(readxl)
})

folder <- commandArgs(TRUE)[1]

tell <- function(file, table, complaints) {
  classes <- vapply(table, function(column) if (all(is.na(column))) "" else class(column)[1], "")
  cat(file, nrow(table), complaints, paste0(names(classes), "=", classes), sep = "\t")
  cat("\n")
}

for (file in list.files(folder, "[.]csv$")) {
  table <- read_csv(file.path(folder, file), show_col_types = FALSE, progress = FALSE)
  tell(file, table, nrow(problems(table)))
}

for (file in list.files(folder, "[.]xlsx$")) {
  tell(file, read_excel(file.path(folder, file)), 0)
}
