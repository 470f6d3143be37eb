use pinocchio::Address;

use super::*;
use crate::generated::*;

#[test]
fn accounts_are_packed() {
    assert_eq!(Config::SIZE, 8 + 2 + 32 + 7 + 8 + 8 + 1);
    assert_eq!(Thread::SIZE, 8 + 4 + 32 + 8 * 11 + 1 + 32 * 64);
    assert_eq!(Record::SIZE, 8 + 3 + 4 * 3 + 32 * 3 + 8 * 7);
    assert_eq!(config::MAX_CO_AUTHORS.offset() + 1, Config::SIZE);
    assert_eq!(
        thread::PEAKS.offset() + 32 * usize::from(PEAKS),
        Thread::SIZE
    );
    assert_eq!(record::LEAF_INDEX.offset() + 8, Record::SIZE);
}

#[test]
fn items_follow_one_another() {
    let seat = |index| thread::SEATS.item(index).offset();
    assert_eq!(seat(0), thread::SEATS.offset());
    assert_eq!(seat(31) + 32, thread::PEAKS.offset());
    assert!((1..32).all(|index| seat(index) - seat(index - 1) == 32));
}

#[test]
#[should_panic]
fn there_is_no_item_after_the_last() {
    thread::SEATS.item(usize::from(SEATS));
}

#[test]
fn bitmaps_hold_every_seat() {
    assert_eq!(usize::from(SEATS), u32::BITS as usize);
}

#[test]
fn values_survive_packing() {
    fn same<T: Value + PartialEq + core::fmt::Debug>(value: T) {
        let mut bytes = [0xee; 40];
        put(&mut bytes, 3, value);
        assert_eq!(T::read(&bytes[3..3 + T::SIZE]), Some(value));
        assert!(bytes[..3].iter().all(|byte| *byte == 0xee));
        assert!(bytes[3 + T::SIZE..].iter().all(|byte| *byte == 0xee));
        assert_eq!(T::read(&bytes[..T::SIZE - 1]), None);
        assert_eq!(T::read(&bytes[..T::SIZE + 1]), None);
    }
    same(200u8);
    same(0x0102_0304u32);
    same(u64::MAX - 1);
    same(i64::MIN);
    same([7u8; 32]);
    same(Address::from([8; 32]));
    same(RecordStatus::Expired);
    same(Design::DEFAULT);
}

#[test]
fn little_endian() {
    let mut bytes = [0; 8];
    put(&mut bytes, 0, 1u64);
    assert_eq!(bytes, [1, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn unknown_enumerators_do_not_decode() {
    assert_eq!(
        vote::Arguments::decode(&[1]).unwrap().decision,
        Decision::Deny
    );
    for bytes in [&[2][..], &[255], &[], &[0, 0]] {
        assert_eq!(vote::Arguments::decode(bytes), None);
    }
    assert_eq!(RecordStatus::read(&[4]), None);
}

#[test]
fn arguments_decode_at_their_exact_length() {
    let mut bytes = [0; 41];
    bytes[..32].fill(9);
    bytes[32..40].copy_from_slice(&77u64.to_le_bytes());
    let arguments = submit_spec::Arguments::decode(&bytes[..40]).unwrap();
    assert_eq!((arguments.hash, arguments.stake), ([9; 32], 77));
    assert_eq!(submit_spec::Arguments::decode(&bytes), None);
    assert_eq!(submit_spec::Arguments::decode(&bytes[..39]), None);
    assert_eq!(submit_message::Arguments::decode(&bytes[..31]), None);
    assert_eq!(
        create_thread::Arguments::decode(&bytes[32..40])
            .unwrap()
            .nonce,
        77
    );
}

#[test]
fn a_design_decodes_with_known_variants_only() {
    let mut bytes = [0; initialize::ARGUMENTS];
    let decoded = initialize::Arguments::decode(&bytes).unwrap();
    assert_eq!(decoded.design, Design::DEFAULT);
    bytes[6] = 2;
    let decoded = initialize::Arguments::decode(&bytes).unwrap();
    assert_eq!(decoded.design.denial_share, DenialShare::Refund);
    bytes[0] = 2;
    assert_eq!(initialize::Arguments::decode(&bytes), None);
}
