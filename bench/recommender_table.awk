# The table of bench/recommender.sh from its JSON lines: means over the seeds, and what damage costs and repair restores,
# paired by seed. Figures in per cent.
function field(name, text) {
    if (match($0, "\"" name "\":(\"[^\"]*\"|[-0-9.e+]+)") == 0) return ""
    text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", text)
    return text
}
function mean(key, name,    s, total) {
    for (s = 1; s <= seeds[key]; ++s) total += value[key, name, s]
    return total / seeds[key]
}
function share(key, name) { return mean(key, "edits") == 0 ? 0 : 100 * mean(key, name) / mean(key, "edits") }
# Standard error of the mean over the seeds of a - b.
function standard_error(a, b, name,    s, d, total, squares, n) {
    n = seeds[a]
    if (n < 2) return 0
    for (s = 1; s <= n; ++s) total += value[a, name, s] - value[b, name, s]
    for (s = 1; s <= n; ++s) { d = value[a, name, s] - value[b, name, s] - total / n; squares += d * d }
    return sqrt(squares / (n - 1) / n)
}
# The share of the cost that is restored, where the cost exceeds three standard errors.
function restored(key, damaged, clean, name,    cost) {
    cost = mean(clean, name) - mean(damaged, name)
    if (key == damaged || key == clean) return ""
    if (seeds[key] < 2 || cost <= 3 * standard_error(clean, damaged, name)) return "(" sprintf("%.0f", cost == 0 ? 0 : 100 * (mean(key, name) - mean(damaged, name)) / cost) ")"
    return sprintf("%.0f", 100 * (mean(key, name) - mean(damaged, name)) / cost)
}
/^{/ {
    group = field("set") "\t" field("normals") "\t" field("kinds")
    key = group "\t" field("rate") "\t" field("logs")
    if (!(key in seeds)) { order[++keys] = key; group_of[key] = group; rate_of[key] = field("rate"); logs_of[key] = field("logs") }
    s = ++seeds[key]
    for (i = split("hr ndcg all_hr all_ndcg own_hr own_ndcg errors left edits located right steps seconds", names, " "); i > 0; --i)
        value[key, names[i], s] = field(names[i])
}
END {
    n = split("hr ndcg all_hr all_ndcg own_hr own_ndcg", names, " ")
    printf "%-9s %-9s %-10s %5s %-15s %5s | %s | %s\n", "set", "normals", "kinds", "rate", "logs", "seeds", "HR@10 cost +- s.e. restored  NDCG@10 cost +- s.e. restored, among new items, among all items, then behind the own history", "repair: net, edits, at an error, right; steps"
    for (k = 1; k <= keys; ++k) {
        key = order[k]
        clean = group_of[key] "\t0\tclean"
        damaged = group_of[key] "\t" rate_of[key] "\tdamaged"
        split(group_of[key], part, "\t")
        printf "%-9s %-9s %-10s %5s %-15s %5d |", part[1], part[2], part[3], rate_of[key], logs_of[key], seeds[key]
        for (i = 1; i <= n; ++i) {
            if (key == clean)
                printf " %6.2f %20s", 100 * mean(key, names[i]), ""
            else
                printf " %6.2f %6.2f +- %4s %5s", 100 * mean(key, names[i]), 100 * (mean(clean, names[i]) - mean(key, names[i])), (seeds[key] < 2 ? "-" : sprintf("%.2f", 100 * standard_error(clean, key, names[i]))), restored(key, damaged, clean, names[i])
        }
        printf " |"
        if (mean(key, "errors") > 0) {
            printf " %5.1f %6.0f %5.1f %5.1f", 100 * (1 - mean(key, "left") / mean(key, "errors")), mean(key, "edits"), share(key, "located"), share(key, "right")
        }
        printf " ; %.0f\n", mean(key, "steps")
    }
    print "\nrestored in brackets: the cost of damage does not exceed three standard errors over the seeds."
}
