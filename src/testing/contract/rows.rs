//! What a table of [`Rows`] promises.

use futures::FutureExt;
use futures::future::{BoxFuture, join, join_all};

use super::suite::{Suite, cases};
use crate::Result;
use crate::store::rows::{KeyRange, Row, Rows, Write};

type Case = for<'a> fn(&'a dyn Rows) -> BoxFuture<'a, Result<()>>;

/// Checks that a table keeps the contract of [`Rows`]. `build` makes an empty one, and a guard for what it stands on.
///
/// Writes some thousand rows, and some megabytes. Nothing sleeps.
///
/// # Panics
///
/// If a case fails, with the names of all that did.
pub async fn rows<G, R: Rows, F: Future<Output = (G, R)>>(build: impl Fn() -> F) {
    let mut suite = Suite::new("rows");
    for (name, case) in CASES {
        let (_guard, rows) = build().await;
        suite.run(name, case(&rows)).await;
    }
    suite.finish();
}

const CASES: &[(&str, Case)] = cases![
    an_empty_table_has_nothing,
    keys_compare_byte_by_byte,
    values_come_back_as_they_were_written,
    each_key_that_is_there_comes_once,
    a_scan_begins_with_its_first_key_and_ends_before_its_last,
    scans_go_on_page_by_page,
    rows_are_replaced_and_taken_away,
    nothing_is_written_where_something_is_not_as_expected,
    everything_is_written_where_all_is_as_expected,
    a_host_s_own_rows_are_rows_like_others,
    of_many_writers_one_comes_first,
    no_update_is_lost_among_many_writers,
    of_writers_that_expect_what_others_write_one_comes_first,
    a_read_sees_all_of_a_write_or_nothing,
    a_dropped_write_is_whole_or_absent,
];

/// All keys begin so, as the repository's do.
fn key(rest: &[u8]) -> Vec<u8> {
    [&[1], rest].concat()
}

fn everything() -> KeyRange {
    KeyRange::prefix(&[1])
}

async fn write(rows: &dyn Rows, write: Write) -> Result<()> {
    assert!(rows.write(&write).await?, "nothing speaks against a write, and it was not written");
    Ok(())
}

async fn fill(rows: &dyn Rows, count: u32) -> Result<Vec<Row>> {
    let row = |n: u32| Row::new(key(&n.to_be_bytes()), n.to_string());
    let all: Vec<Row> = (0..count).map(row).collect();
    let put = |write: Write, row: &Row| write.put(row.key.clone(), row.value.clone());
    write(rows, all.iter().fold(Write::new(), put)).await?;
    Ok(all)
}

async fn an_empty_table_has_nothing(rows: &dyn Rows) -> Result<()> {
    assert_eq!(rows.get(&[key(b"a"), key(b"")]).await?, []);
    assert_eq!(rows.get(&[]).await?, []);
    assert_eq!(rows.scan(&everything()).await?, []);
    write(rows, Write::new()).await?;
    write(rows, Write::new().delete(key(b"a"))).await?;
    assert_eq!(rows.scan(&everything()).await?, []);
    Ok(())
}

async fn keys_compare_byte_by_byte(rows: &dyn Rows) -> Result<()> {
    let long = [b'k'; 1999];
    let mut keys: Vec<Vec<u8>> = [
        &b""[..],
        &[0],
        &[0, 0],
        &[0, 255],
        &[1],
        b"A",
        b"B",
        b"a",
        b"a\0",
        b"a\0b",
        b"aa",
        b"a ",
        b"a%",
        b"a_",
        b"'; DROP TABLE rows; --",
        b"\\",
        "\u{e4}".as_bytes(),
        &[127],
        &[128],
        &[254, 255],
        &[255],
        &[255, 0],
        &[255, 255],
        &long,
        &long[..1998],
    ]
    .map(key)
    .to_vec();
    // Written in another order than that of the keys.
    let puts = keys.iter().rev().fold(Write::new(), |write, k| write.put(k.clone(), k.clone()));
    write(rows, puts).await?;
    keys.sort();
    let found: Vec<Vec<u8>> = rows.scan(&everything()).await?.into_iter().map(|r| r.key).collect();
    assert_eq!(found, keys);
    for key in keys {
        let found = rows.get(std::slice::from_ref(&key)).await?;
        assert_eq!(found, [Row::new(key.clone(), key)]);
    }
    Ok(())
}

async fn values_come_back_as_they_were_written(rows: &dyn Rows) -> Result<()> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let long: Vec<u8> =
        (0..1 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let values = [Vec::new(), vec![0], vec![0, 0], vec![255; 3], every_byte, long];
    for (n, value) in (0..).zip(&values) {
        write(rows, Write::new().put(key(&[n]), value.clone())).await?;
    }
    for (n, value) in (0..).zip(&values) {
        let found = rows.get(&[key(&[n])]).await?;
        assert!(found == [Row::new(key(&[n]), value.clone())], "value {n} came back as another");
    }
    let found = rows.scan(&everything()).await?;
    assert!(found.iter().map(|row| &row.value).eq(&values), "a scan brings other values");
    Ok(())
}

async fn each_key_that_is_there_comes_once(rows: &dyn Rows) -> Result<()> {
    let all = fill(rows, 3_000).await?;
    let asked: Vec<Vec<u8>> = (0..6_000_u32).rev().map(|n| key(&n.to_be_bytes())).collect();
    let mut found = rows.get(&asked).await?;
    found.sort_by(|one, other| one.key.cmp(&other.key));
    assert!(found == all, "{} of {} rows came", found.len(), all.len());
    Ok(())
}

async fn a_scan_begins_with_its_first_key_and_ends_before_its_last(rows: &dyn Rows) -> Result<()> {
    let all = fill(rows, 10).await?;
    let at = |n: u32| key(&n.to_be_bytes());
    for from in 0..11 {
        for to in from..11 {
            let found = rows.scan(&KeyRange::new(at(from), at(to))).await?;
            assert_eq!(found, all[from as usize..to.min(10) as usize], "{from} to {to}");
        }
    }
    assert_eq!(rows.scan(&KeyRange::new(at(7), at(3))).await?, []);
    assert_eq!(rows.scan(&KeyRange::prefix(&at(4))).await?, all[4..5]);
    assert_eq!(rows.scan(&KeyRange::prefix(&at(4)).after(&at(4))).await?, []);
    assert_eq!(rows.scan(&everything().after(&at(8))).await?, all[9..]);
    Ok(())
}

async fn scans_go_on_page_by_page(rows: &dyn Rows) -> Result<()> {
    let all = fill(rows, 500).await?;
    for limit in [1, 7, 499, 500, 501] {
        let (mut found, mut scan): (Vec<Row>, KeyRange) =
            (Vec::new(), everything().with_limit(limit));
        loop {
            let page = rows.scan(&scan).await?;
            assert!(page.len() <= limit, "a page has more than its limit");
            let Some(last) = page.last() else { break };
            scan = scan.after(&last.key);
            found.extend(page);
        }
        assert!(found == all, "limit {limit}: {} of {} rows came", found.len(), all.len());
    }
    Ok(())
}

async fn rows_are_replaced_and_taken_away(rows: &dyn Rows) -> Result<()> {
    fill(rows, 3).await?;
    let at = |n: u32| key(&n.to_be_bytes());
    write(rows, Write::new().put(at(0), b"new".as_slice()).delete(at(1)).delete(at(9))).await?;
    let expected = [Row::new(at(0), b"new".as_slice()), Row::new(at(2), b"2".as_slice())];
    assert_eq!(rows.scan(&everything()).await?, expected);
    Ok(())
}

async fn nothing_is_written_where_something_is_not_as_expected(rows: &dyn Rows) -> Result<()> {
    let before = fill(rows, 3).await?;
    let at = |n: u32| key(&n.to_be_bytes());
    write(rows, Write::new().put(key(b"empty"), Vec::new())).await?;
    let value = |text: &str| Some(text.as_bytes().to_vec());
    let wrong = [
        (at(1), value("2")),
        (at(1), value("1 ")),
        (at(1), value("")),
        (at(1), None),
        (at(9), value("9")),
        (at(9), value("")),
        (key(b"empty"), None),
    ];
    for (key, value) in wrong {
        let write = Write::new().expecting(at(0), Some(b"0".to_vec()));
        let write =
            write.expecting(key.clone(), value.clone()).expecting(at(2), Some(b"2".to_vec()));
        let write = write.put(at(0), b"lost".as_slice()).delete(at(2)).put(at(5), Vec::new());
        let is_written = rows.write(&write).await?;
        let expected = value.as_deref().map_or("absent", |_| "another");
        assert!(!is_written, "written, though the row {key:?} was expected to be {expected}");
        assert_eq!(rows.scan(&everything()).await?[..3], before);
        assert_eq!(rows.get(&[at(5)]).await?, []);
    }
    Ok(())
}

async fn everything_is_written_where_all_is_as_expected(rows: &dyn Rows) -> Result<()> {
    fill(rows, 3).await?;
    let at = |n: u32| key(&n.to_be_bytes());
    write(rows, Write::new().put(key(b"empty"), Vec::new())).await?;
    let all = Write::new()
        .expecting(at(0), Some(b"0".to_vec()))
        .expecting(at(1), Some(b"1".to_vec()))
        .expecting(at(9), None)
        .expecting(key(b"empty"), Some(Vec::new()))
        .put(at(0), b"new".as_slice())
        .put(at(9), b"9".as_slice())
        .delete(at(2))
        .delete(key(b"empty"));
    write(rows, all).await?;
    let expected = [(0, "new"), (1, "1"), (9, "9")].map(|(n, text)| Row::new(at(n), text));
    assert_eq!(rows.scan(&everything()).await?, expected);
    // What is only expected is written nowhere.
    write(rows, Write::new().expecting(at(1), Some(b"1".to_vec())).expecting(at(7), None)).await?;
    assert_eq!(rows.scan(&everything()).await?, expected);
    Ok(())
}

async fn a_host_s_own_rows_are_rows_like_others(rows: &dyn Rows) -> Result<()> {
    let own = Write::new().put(b"site/hq/1".as_slice(), b"web1".as_slice());
    write(rows, own.put(key(b"a"), b"1".as_slice())).await?;
    let expected = [Row::new(b"site/hq/1".as_slice(), b"web1".as_slice())];
    assert_eq!(rows.scan(&KeyRange::prefix(b"site/")).await?, expected);
    assert_eq!(rows.scan(&everything()).await?.len(), 1);
    Ok(())
}

async fn of_many_writers_one_comes_first(rows: &dyn Rows) -> Result<()> {
    let writer = |n: u8| {
        let write = Write::new().expecting(key(b"taken"), None).put(key(b"taken"), [n]);
        async move { rows.write(&write).await }
    };
    // Some may be told to try again; they have written nothing.
    let written = join_all((0..8).map(writer)).await;
    let first = written.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
    assert_eq!(first, 1, "of 8 writers that expected no row {first} were told true: {written:?}");
    let winner = written.iter().position(|outcome| matches!(outcome, Ok(true))).unwrap();
    assert_eq!(rows.get(&[key(b"taken")]).await?[0].value, [winner as u8]);
    Ok(())
}

async fn no_update_is_lost_among_many_writers(rows: &dyn Rows) -> Result<()> {
    const EACH: u64 = 20;
    // Each time another one has written: of them there are a hundred writes in all.
    const ATTEMPTS: u32 = 2_000;
    // Two rows that are always written together, so that a half is seen.
    let keys = [key(b"count"), key(b"twin")];
    let count = || async {
        for _ in 0..EACH {
            let mut attempts = 0..ATTEMPTS;
            loop {
                assert!(attempts.next().is_some(), "a write was refused {ATTEMPTS} times");
                let value = rows.get(&keys[..1]).await?.pop().map(|row| row.value);
                let text = value.as_deref().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                let next = text.map_or(1, |text| text.parse::<u64>().unwrap() + 1).to_string();
                let write = Write::new().expecting(keys[0].clone(), value);
                let write = write.put(keys[0].clone(), next.clone()).put(keys[1].clone(), next);
                match rows.write(&write).await {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(error) if error.retry() == crate::Retry::Transient => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    };
    join_all((0..5).map(|_| count())).await.into_iter().collect::<Result<Vec<()>>>()?;
    for row in rows.get(&keys).await? {
        assert_eq!(row.value, (5 * EACH).to_string().into_bytes());
    }
    Ok(())
}

/// Each changes one row alone, on the word of both: whoever locks only what it changes lets both through.
async fn of_writers_that_expect_what_others_write_one_comes_first(rows: &dyn Rows) -> Result<()> {
    let keys = [key(b"one"), key(b"other")];
    for round in 0..20_u8 {
        let fresh = |write: Write, key: &Vec<u8>| write.put(key.clone(), [round]);
        write(rows, keys.iter().fold(Write::new(), fresh)).await?;
        let writer = |n: usize| {
            let expect =
                |write: Write, key: &Vec<u8>| write.expecting(key.clone(), Some(vec![round]));
            let write = keys.iter().fold(Write::new(), expect).put(keys[n].clone(), [255]);
            async move { rows.write(&write).await }
        };
        let written = join(writer(0), writer(1)).await;
        let written = <[Result<bool>; 2]>::from(written);
        // Both may be told to try again; they have written nothing then.
        let come = written.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
        let changed = rows.get(&keys).await?.iter().filter(|row| row.value == [255]).count();
        assert!(come <= 1 && changed == come, "round {round}: {written:?}");
    }
    Ok(())
}

async fn a_read_sees_all_of_a_write_or_nothing(rows: &dyn Rows) -> Result<()> {
    let keys: Vec<Vec<u8>> = (0..50_u8).map(|n| key(&[n])).collect();
    let put_all =
        |value: u8| keys.iter().fold(Write::new(), |write, key| write.put(key.clone(), [value]));
    write(rows, put_all(0)).await?;
    let writer = async {
        for n in 1..=30 {
            write(rows, put_all(n)).await?;
        }
        Ok(())
    };
    let reader = async {
        for n in 0..60 {
            let found = match n % 2 {
                0 => rows.get(&keys).await?,
                _ => rows.scan(&everything()).await?,
            };
            assert_eq!(found.len(), keys.len());
            let first = &found[0].value;
            assert!(found.iter().all(|row| row.value == *first), "half of a write was seen");
        }
        Ok(())
    };
    let (written, read) = join(writer, reader).await;
    written.and(read)
}

async fn a_dropped_write_is_whole_or_absent(rows: &dyn Rows) -> Result<()> {
    let keys: Vec<Vec<u8>> = (0..200_u8).map(|n| key(&[n])).collect();
    for value in 1..=5_u8 {
        let all = keys.iter().fold(Write::new(), |write, key| write.put(key.clone(), [value]));
        // Polled once, and dropped unless it was done by then.
        _ = rows.write(&all).now_or_never();
        let found = rows.get(&keys).await?;
        assert!(found.is_empty() || found.len() == keys.len(), "a part of a write was seen");
        let first = found.first().map(|row| &row.value);
        assert!(found.iter().all(|row| Some(&row.value) == first), "half of a write was seen");
    }
    Ok(())
}
