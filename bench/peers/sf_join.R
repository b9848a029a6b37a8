# sf_join.R BOUNDARIES CODE POINTS.csv OUT.csv THREADS: the join with R and sf, in the
# plane, on one thread. Ends with 77 when sf is not installed.
if (!requireNamespace("sf", quietly = TRUE)) quit(status = 77)
suppressMessages(library(sf))
argument <- commandArgs(trailingOnly = TRUE)
suppressMessages(sf_use_s2(FALSE))

areas <- st_read(argument[1], quiet = TRUE)
areas <- areas[order(areas[[argument[2]]], method = "radix"), ]
rows <- if (requireNamespace("data.table", quietly = TRUE)) {
  data.table::fread(argument[3], data.table = FALSE, nThread = as.integer(argument[5]))
} else {
  read.csv(argument[3], check.names = FALSE)
}
rows <- rows[!is.na(rows$Longitude) & !is.na(rows$Latitude), ]
points <- st_as_sf(rows[, c("Month", "Crime type", "Longitude", "Latitude")],
                   coords = c("Longitude", "Latitude"), crs = st_crs(areas))
# Areas are in the order of their codes, so the first that a point touches is the lowest.
hits <- suppressMessages(st_intersects(points, areas))
first <- vapply(hits, function(h) if (length(h) > 0) h[1] else NA_integer_, 0L)
known <- !is.na(first)
key <- paste(areas[[argument[2]]][first[known]], points[["Crime type"]][known],
             points$Month[known], sep = ",")
counts <- table(key)
writeLines(c("area,Crime type,Month,count", paste(names(counts), counts, sep = ",")),
           argument[4])
