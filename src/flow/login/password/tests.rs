use super::*;

#[test]
fn unknown_names_share_a_million_counters() {
    let all = among_a_million([0xff; 32]);
    assert_eq!(all.iter().map(|byte| byte.count_ones()).sum::<u32>(), 20);
    assert_eq!(among_a_million([1; 32]), among_a_million(all.map(|byte| byte & 1)));
}
