# spdep_moran.R TABLE PERMUTATIONS THREADS: local Moran of area_code,neighbours,value.
# Its samples are its own, so its p values are not compared; its time is.
if (!requireNamespace("spdep", quietly = TRUE)) quit(status = 77)
suppressMessages(library(spdep))
argument <- commandArgs(trailingOnly = TRUE)
table <- read.csv(argument[1])
at <- strsplit(table$neighbours, ";", fixed = TRUE)
near <- lapply(at, function(codes) sort(match(codes, table$area_code)))
class(near) <- "nb"
attr(near, "region.id") <- table$area_code
weights <- nb2listw(near, style = "W")
invisible(set.coresOption(as.integer(argument[3])))
set.seed(1)
begun <- proc.time()[["elapsed"]]
found <- localmoran_perm(table$value, weights, nsim = as.integer(argument[2]))
cat(sprintf("PHASE moran %.3f\n", proc.time()[["elapsed"]] - begun))
