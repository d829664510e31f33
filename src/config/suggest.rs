//! "Did you mean …?"

/// The candidate nearest to `word`, if one is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let near = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    near.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// How many letters to insert, delete, replace or swap with their neighbour (Damerau's distance, case ignored).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut last_left = None;
    for (row, l) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut last_right = None;
        for (column, r) in right.iter().enumerate() {
            let replaced = at(&above, column) + usize::from(l != r);
            let mut cost = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            if last_left == Some(r) && last_right == Some(l) {
                cost = cost.min(at(&before, column.saturating_sub(1)).saturating_add(1));
            }
            current.push(cost);
            last_right = Some(r);
        }
        before = std::mem::replace(&mut above, current);
        last_left = Some(l);
    }
    at(&above, right.len())
}

#[cfg(test)]
mod tests;
