//! Those who ask for too many.

use longwave_ticket::{Binding, MemoryStore};

use crate::support::{House, Store, code, cookie, post, send, ticket};

#[tokio::test]
async fn a_flood_of_one_subject_is_none_of_the_others() {
    let house = House::new();
    let mint = house.mint();
    let first = send(mint.clone(), post("flo")).await;
    for _ in 1..8 {
        assert_eq!(send(mint.clone(), post("flo")).await.status(), 200);
    }
    let response = send(mint.clone(), post("flo")).await;
    assert_eq!(code(&response), (429, "too_many_connections".into()));
    assert!((1..=10).contains(&response.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap()));
    assert_eq!(house.told.last(), "limited");
    assert_eq!(send(mint.clone(), post("ada")).await.status(), 200);

    // Not one of the first was lost, and one that is spent makes room.
    let redeemed = house.redeem(&ticket(&first), &[&cookie(&first)], Binding::new()).await;
    assert_eq!(redeemed.unwrap(), "flo");
    assert_eq!(send(mint, post("flo")).await.status(), 200);
}

#[tokio::test]
async fn a_full_store_mints_no_more_and_redeems_what_it_has() {
    let house = House::with(Store::new(MemoryStore::new().capacity(3)));
    let mint = house.mint();
    let mut minted = Vec::new();
    let full = loop {
        let response = send(mint.clone(), post(&format!("user-{}", minted.len()))).await;
        if response.status() != 200 {
            break response;
        }
        minted.push((ticket(&response), cookie(&response)));
    };
    assert_eq!(code(&full), (503, "unavailable".into()));
    assert!(full.headers().contains_key("retry-after"));
    assert_eq!(house.told.last(), "store_full");
    assert_eq!(minted.len(), 3);
    for (number, (ticket, cookie)) in minted.iter().enumerate() {
        let redeemed = house.redeem(ticket, &[cookie], Binding::new()).await;
        assert_eq!(redeemed.unwrap(), format!("user-{number}"));
    }
}
