# A Poisson mixed model with an intercept and a slope for each product, by glmmTMB.
# Usage: Rscript glmmtmb.R sales.csv slopes.csv
suppressMessages(library(glmmTMB))
paths <- commandArgs(trailingOnly = TRUE)
sales <- read.csv(paths[1])
for (name in c("product", "category", "period")) sales[[name]] <- factor(sales[[name]])
fit <- glmmTMB(
  units ~ 0 + category:x + (1 | product) + (0 + x | product) + (1 | category:period),
  family = poisson, data = sales
)
effects <- ranef(fit)$cond$product
category <- sales$category[match(rownames(effects), sales$product)]
slope <- fixef(fit)$cond[paste0("category", category, ":x")] + effects[["x"]]
write.csv(data.frame(product = rownames(effects), slope = slope), paths[2], row.names = FALSE)
