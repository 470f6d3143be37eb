//! Generated from choir.idl.json by generate.py; do not edit.
//!
//! Errors, enumerations, account layouts, instruction accounts and arguments, events and
//! constants of the program. Borsh of types without variable length is the fields packed in order.

use pinocchio::{error::ProgramError, Address};

use crate::layout::{put, Event, Field, Kind, Role, Value};

/// Why the program refuses (L3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Error {
    /// guard 0: the data does not begin with the discriminator of an instruction
    UnknownInstruction = 6000,
    /// guard 1: fewer accounts than the instruction takes
    MissingAccount = 6001,
    /// guard 1: an account is not owned by the program it must belong to
    WrongOwner = 6002,
    /// guard 1: an account is not at the address it must have
    WrongAddress = 6003,
    /// guard 1: an account does not hold the kind of data it must hold
    WrongDiscriminator = 6004,
    /// guard 1: a token account is not of the CHOIR mint
    WrongMint = 6005,
    /// guard 1: a token account does not belong to the party it must belong to
    WrongTokenOwner = 6006,
    /// guard 1: the mint must have 9 decimals, no supply, and the signer as its only authority
    InvalidMint = 6007,
    /// guard 1: an account must be writable
    NotWritable = 6008,
    /// guard 1: an account must have signed
    MissingSigner = 6009,
    /// guard 1: the program is initialized already
    AlreadyInitialized = 6010,
    /// guard 1: this creator has a thread of this nonce already
    ThreadExists = 6011,
    /// guard 2: the arguments do not decode
    InvalidArguments = 6012,
    /// guard 2: a parameter is out of its range
    InvalidParameter = 6013,
    /// guard 3: no such record
    UnknownRecord = 6014,
    /// guard 3: the record is final
    AlreadyDecided = 6015,
    /// guard 3: the record is still pending
    NotDecided = 6016,
    /// guard 4: the approval window is over
    WindowClosed = 6017,
    /// guard 4: the approval window is still open
    WindowOpen = 6018,
    /// guard 5: the signer has no seat in the thread
    NotCoAuthor = 6019,
    /// guard 5: the signer has a seat in the thread and submits directly
    AlreadyCoAuthor = 6020,
    /// guard 5: the signer took a seat after the spec was submitted
    NotInElectorate = 6021,
    /// guard 5: the signer has no share in the record
    NothingToClaim = 6022,
    /// guard 6: the signer has voted
    AlreadyVoted = 6023,
    /// guard 6: the share was claimed
    AlreadyClaimed = 6024,
    /// guard 6: a record of this author and content exists in the thread
    DuplicateContent = 6025,
    /// guard 7: the stake is below the minimum
    InvalidStake = 6026,
    /// guard 7: the token account holds less than the stake
    InsufficientFunds = 6027,
    /// guard 7: an account that a share or refund is to be sent to is missing or unfit
    PayeeUnavailable = 6028,
    /// guard 8: every seat is taken or reserved
    ThreadFull = 6029,
    /// guard 9: a number would leave its range
    Overflow = 6030,
}

impl From<Error> for ProgramError {
    fn from(error: Error) -> Self {
        ProgramError::Custom(error as u32)
    }
}

/// Seats in a thread; the upper bound of max_co_authors.
pub const SEATS: u8 = 32;

/// Peaks of the Merkle mountain range a thread stores.
pub const PEAKS: u8 = 32;

/// Lower bound of min_stake in base units, so that no share is zero (M2).
pub const MIN_STAKE_FLOOR: u64 = 32;

/// Decimals of the CHOIR mint.
pub const DECIMALS: u8 = 9;

/// Base units minted by initialize: 10 000 000 000 CHOIR (L1).
pub const SUPPLY: u64 = 10000000000000000000;

/// PDA seed.
pub const CONFIG_SEED: &[u8] = &[99, 111, 110, 102, 105, 103];

/// PDA seed.
pub const TREASURY_SEED: &[u8] = &[116, 114, 101, 97, 115, 117, 114, 121];

/// PDA seed.
pub const THREAD_SEED: &[u8] = &[116, 104, 114, 101, 97, 100];

/// PDA seed.
pub const STAKE_SEED: &[u8] = &[115, 116, 97, 107, 101];

/// PDA seed.
pub const ESCROW_SEED: &[u8] = &[101, 115, 99, 114, 111, 119];

/// PDA seed.
pub const BALANCE_SEED: &[u8] = &[98, 97, 108, 97, 110, 99, 101];

/// PDA seed.
pub const RECORD_SEED: &[u8] = &[114, 101, 99, 111, 114, 100];

/// 11111111111111111111111111111111
pub const SYSTEM_PROGRAM: Address =
    Address::new_from_array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/// TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA
pub const TOKEN_PROGRAM: Address =
    Address::new_from_array([6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237, 95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169]);

/// The most accounts an instruction takes.
pub const MOST_ACCOUNTS: usize = 9;

/// The ledger's design variants; the first of each is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Design {
    pub expiry: Expiry,
    pub rejection: Rejection,
    pub electorate: Electorate,
    pub payout: Payout,
    pub capacity: Capacity,
    pub record_key: RecordKey,
    pub denial_share: DenialShare,
}

impl Design {
    /// The first variant of each.
    pub const DEFAULT: Self = Self {
        expiry: Expiry::Treasury,
        rejection: Rejection::FirstDenial,
        electorate: Electorate::Snapshot,
        payout: Payout::Claim,
        capacity: Capacity::Reserve,
        record_key: RecordKey::ThreadAuthorHash,
        denial_share: DenialShare::Deniers,
    };
}

impl Value for Design {
    const SIZE: usize = 7;

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            expiry: Value::read(bytes.get(0..1)?)?,
            rejection: Value::read(bytes.get(1..2)?)?,
            electorate: Value::read(bytes.get(2..3)?)?,
            payout: Value::read(bytes.get(3..4)?)?,
            capacity: Value::read(bytes.get(4..5)?)?,
            record_key: Value::read(bytes.get(5..6)?)?,
            denial_share: Value::read(bytes.get(6..7)?)?,
        })
    }

    fn write(self, bytes: &mut [u8]) {
        put(bytes, 0, self.expiry);
        put(bytes, 1, self.rejection);
        put(bytes, 2, self.electorate);
        put(bytes, 3, self.payout);
        put(bytes, 4, self.capacity);
        put(bytes, 5, self.record_key);
        put(bytes, 6, self.denial_share);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Expiry {
    Treasury = 0,
    Refund = 1,
}

impl Value for Expiry {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Treasury),
            [1] => Some(Self::Refund),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Rejection {
    FirstDenial = 0,
    AtClose = 1,
}

impl Value for Rejection {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::FirstDenial),
            [1] => Some(Self::AtClose),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Electorate {
    Snapshot = 0,
    Live = 1,
}

impl Value for Electorate {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Snapshot),
            [1] => Some(Self::Live),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Payout {
    Claim = 0,
    Push = 1,
}

impl Value for Payout {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Claim),
            [1] => Some(Self::Push),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capacity {
    Reserve = 0,
    CheckAtPublish = 1,
}

impl Value for Capacity {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Reserve),
            [1] => Some(Self::CheckAtPublish),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKey {
    ThreadAuthorHash = 0,
    ThreadHash = 1,
}

impl Value for RecordKey {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::ThreadAuthorHash),
            [1] => Some(Self::ThreadHash),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DenialShare {
    Deniers = 0,
    Treasury = 1,
    Refund = 2,
}

impl Value for DenialShare {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Deniers),
            [1] => Some(Self::Treasury),
            [2] => Some(Self::Refund),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordStatus {
    Pending = 0,
    Published = 1,
    Rejected = 2,
    Expired = 3,
}

impl Value for RecordStatus {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Pending),
            [1] => Some(Self::Published),
            [2] => Some(Self::Rejected),
            [3] => Some(Self::Expired),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Decision {
    Approve = 0,
    Deny = 1,
}

impl Value for Decision {
    const SIZE: usize = 1;

    fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(Self::Approve),
            [1] => Some(Self::Deny),
            _ => None,
        }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[0] = self as u8;
    }
}

/// Account kind `Config`.
#[derive(Clone, Copy, Debug)]
pub struct Config;

impl Kind for Config {
    const SIZE: usize = 66;
    const DISCRIMINATOR: [u8; 8] = [155, 12, 170, 224, 30, 250, 204, 130];
}

pub mod config {
    //! Fields of `Config`.
    use super::*;

    pub const BUMP: Field<Config, u8> = Field::at(8);
    pub const TREASURY_BUMP: Field<Config, u8> = Field::at(9);
    pub const MINT: Field<Config, Address> = Field::at(10);
    pub const DESIGN: Field<Config, Design> = Field::at(42);
    pub const APPROVAL_WINDOW: Field<Config, i64> = Field::at(49);
    pub const MIN_STAKE: Field<Config, u64> = Field::at(57);
    pub const MAX_CO_AUTHORS: Field<Config, u8> = Field::at(65);
}

/// Account kind `Thread`.
#[derive(Clone, Copy, Debug)]
pub struct Thread;

impl Kind for Thread {
    const SIZE: usize = 2181;
    const DISCRIMINATOR: [u8; 8] = [186, 27, 154, 111, 51, 36, 159, 90];
}

pub mod thread {
    //! Fields of `Thread`.
    use super::*;

    pub const BUMP: Field<Thread, u8> = Field::at(8);
    pub const STAKE_BUMP: Field<Thread, u8> = Field::at(9);
    pub const ESCROW_BUMP: Field<Thread, u8> = Field::at(10);
    pub const BALANCE_BUMP: Field<Thread, u8> = Field::at(11);
    pub const CREATOR: Field<Thread, Address> = Field::at(12);
    pub const NONCE: Field<Thread, u64> = Field::at(44);
    pub const CREATED_AT: Field<Thread, i64> = Field::at(52);
    pub const SEQUENCE: Field<Thread, u64> = Field::at(60);
    pub const TOKEN_BALANCE: Field<Thread, u64> = Field::at(68);
    pub const STAKE_TOTAL: Field<Thread, u64> = Field::at(76);
    pub const ESCROW_TOTAL: Field<Thread, u64> = Field::at(84);
    pub const TREASURY_PAID: Field<Thread, u64> = Field::at(92);
    pub const PENDING_COUNT: Field<Thread, u64> = Field::at(100);
    pub const PUBLISHED_COUNT: Field<Thread, u64> = Field::at(108);
    pub const REJECTED_COUNT: Field<Thread, u64> = Field::at(116);
    pub const EXPIRED_COUNT: Field<Thread, u64> = Field::at(124);
    pub const CO_AUTHOR_COUNT: Field<Thread, u8> = Field::at(132);
    pub const SEATS: Field<Thread, [Address; 32]> = Field::at(133);
    pub const PEAKS: Field<Thread, [[u8; 32]; 32]> = Field::at(1157);
}

/// Account kind `Record`.
#[derive(Clone, Copy, Debug)]
pub struct Record;

impl Kind for Record {
    const SIZE: usize = 175;
    const DISCRIMINATOR: [u8; 8] = [254, 233, 117, 252, 76, 166, 146, 139];
}

pub mod record {
    //! Fields of `Record`.
    use super::*;

    pub const BUMP: Field<Record, u8> = Field::at(8);
    pub const STATUS: Field<Record, RecordStatus> = Field::at(9);
    pub const ELECTORATE_SIZE: Field<Record, u8> = Field::at(10);
    pub const APPROVALS: Field<Record, u32> = Field::at(11);
    pub const DENIALS: Field<Record, u32> = Field::at(15);
    pub const CLAIMS: Field<Record, u32> = Field::at(19);
    pub const THREAD: Field<Record, Address> = Field::at(23);
    pub const AUTHOR: Field<Record, Address> = Field::at(55);
    pub const HASH: Field<Record, [u8; 32]> = Field::at(87);
    pub const STAKE: Field<Record, u64> = Field::at(119);
    pub const SUBMITTED_AT: Field<Record, i64> = Field::at(127);
    pub const DEADLINE: Field<Record, i64> = Field::at(135);
    pub const DECIDED_AT: Field<Record, i64> = Field::at(143);
    pub const SUBMITTED_SEQUENCE: Field<Record, u64> = Field::at(151);
    pub const DECIDED_SEQUENCE: Field<Record, u64> = Field::at(159);
    pub const LEAF_INDEX: Field<Record, u64> = Field::at(167);
}

pub mod initialize {
    //! Fix mint, design and parameters once; mint the whole supply; revoke mint and freeze authority (L1).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [175, 175, 109, 31, 13, 152, 155, 237];
    pub const ACCOUNTS: usize = 7;
    pub const AUTHORITY: Role = Role::new(0, true, true);
    pub const CONFIG: Role = Role::new(1, true, false);
    pub const MINT: Role = Role::new(2, true, false);
    pub const TREASURY: Role = Role::new(3, true, false);
    pub const DESTINATION: Role = Role::new(4, true, false);
    pub const TOKEN_PROGRAM: Role = Role::new(5, false, false);
    pub const SYSTEM_PROGRAM: Role = Role::new(6, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 24;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Arguments {
        pub design: Design,
        pub approval_window: i64,
        pub min_stake: u64,
        pub max_co_authors: u8,
    }

    impl Arguments {
        /// None unless `bytes` is exactly the arguments, with known enumerators.
        pub fn decode(bytes: &[u8]) -> Option<Self> {
            if bytes.len() != ARGUMENTS {
                return None;
            }
            Some(Self {
                design: Value::read(bytes.get(0..7)?)?,
                approval_window: Value::read(bytes.get(7..15)?)?,
                min_stake: Value::read(bytes.get(15..23)?)?,
                max_co_authors: Value::read(bytes.get(23..24)?)?,
            })
        }
    }
}

pub mod create_thread {
    //! Open a thread with its three vaults; the creator takes seat 0 (L2).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [182, 223, 64, 3, 133, 33, 204, 26];
    pub const ACCOUNTS: usize = 9;
    pub const CREATOR: Role = Role::new(0, true, true);
    pub const CONFIG: Role = Role::new(1, false, false);
    pub const THREAD: Role = Role::new(2, true, false);
    pub const STAKE_VAULT: Role = Role::new(3, true, false);
    pub const ESCROW_VAULT: Role = Role::new(4, true, false);
    pub const BALANCE_VAULT: Role = Role::new(5, true, false);
    pub const MINT: Role = Role::new(6, false, false);
    pub const TOKEN_PROGRAM: Role = Role::new(7, false, false);
    pub const SYSTEM_PROGRAM: Role = Role::new(8, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 8;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Arguments {
        pub nonce: u64,
    }

    impl Arguments {
        /// None unless `bytes` is exactly the arguments, with known enumerators.
        pub fn decode(bytes: &[u8]) -> Option<Self> {
            if bytes.len() != ARGUMENTS {
                return None;
            }
            Some(Self {
                nonce: Value::read(bytes.get(0..8)?)?,
            })
        }
    }
}

pub mod submit_message {
    //! A co-author publishes directly (M1).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [92, 12, 188, 194, 54, 235, 188, 92];
    pub const ACCOUNTS: usize = 5;
    pub const AUTHOR: Role = Role::new(0, true, true);
    pub const CONFIG: Role = Role::new(1, false, false);
    pub const THREAD: Role = Role::new(2, true, false);
    pub const RECORD: Role = Role::new(3, true, false);
    pub const SYSTEM_PROGRAM: Role = Role::new(4, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 32;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Arguments {
        pub hash: [u8; 32],
    }

    impl Arguments {
        /// None unless `bytes` is exactly the arguments, with known enumerators.
        pub fn decode(bytes: &[u8]) -> Option<Self> {
            if bytes.len() != ARGUMENTS {
                return None;
            }
            Some(Self {
                hash: Value::read(bytes.get(0..32)?)?,
            })
        }
    }
}

pub mod submit_spec {
    //! Anyone else submits a spec with a stake (M2).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [134, 156, 12, 43, 75, 94, 228, 232];
    pub const ACCOUNTS: usize = 8;
    pub const AUTHOR: Role = Role::new(0, true, true);
    pub const CONFIG: Role = Role::new(1, false, false);
    pub const THREAD: Role = Role::new(2, true, false);
    pub const RECORD: Role = Role::new(3, true, false);
    pub const AUTHOR_TOKEN: Role = Role::new(4, true, false);
    pub const STAKE_VAULT: Role = Role::new(5, true, false);
    pub const TOKEN_PROGRAM: Role = Role::new(6, false, false);
    pub const SYSTEM_PROGRAM: Role = Role::new(7, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 40;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Arguments {
        pub hash: [u8; 32],
        pub stake: u64,
    }

    impl Arguments {
        /// None unless `bytes` is exactly the arguments, with known enumerators.
        pub fn decode(bytes: &[u8]) -> Option<Self> {
            if bytes.len() != ARGUMENTS {
                return None;
            }
            Some(Self {
                hash: Value::read(bytes.get(0..32)?)?,
                stake: Value::read(bytes.get(32..40)?)?,
            })
        }
    }
}

pub mod vote {
    //! A member of the electorate approves or denies; the deciding vote settles (M3 to M5).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [227, 110, 155, 23, 136, 126, 172, 25];
    pub const ACCOUNTS: usize = 9;
    pub const VOTER: Role = Role::new(0, false, true);
    pub const CONFIG: Role = Role::new(1, false, false);
    pub const THREAD: Role = Role::new(2, true, false);
    pub const RECORD: Role = Role::new(3, true, false);
    pub const STAKE_VAULT: Role = Role::new(4, true, false);
    pub const ESCROW_VAULT: Role = Role::new(5, true, false);
    pub const BALANCE_VAULT: Role = Role::new(6, true, false);
    pub const TREASURY: Role = Role::new(7, true, false);
    pub const TOKEN_PROGRAM: Role = Role::new(8, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 1;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Arguments {
        pub decision: Decision,
    }

    impl Arguments {
        /// None unless `bytes` is exactly the arguments, with known enumerators.
        pub fn decode(bytes: &[u8]) -> Option<Self> {
            if bytes.len() != ARGUMENTS {
                return None;
            }
            Some(Self {
                decision: Value::read(bytes.get(0..1)?)?,
            })
        }
    }
}

pub mod settle {
    //! Anyone closes a spec whose window is over (M6).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [175, 42, 185, 87, 144, 131, 102, 212];
    pub const ACCOUNTS: usize = 7;
    pub const CONFIG: Role = Role::new(0, false, false);
    pub const THREAD: Role = Role::new(1, true, false);
    pub const RECORD: Role = Role::new(2, true, false);
    pub const STAKE_VAULT: Role = Role::new(3, true, false);
    pub const ESCROW_VAULT: Role = Role::new(4, true, false);
    pub const TREASURY: Role = Role::new(5, true, false);
    pub const TOKEN_PROGRAM: Role = Role::new(6, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 0;
}

pub mod claim {
    //! A denier takes the share of a rejected spec's stake (L5).
    use super::*;

    pub const DISCRIMINATOR: [u8; 8] = [62, 198, 214, 193, 213, 159, 108, 210];
    pub const ACCOUNTS: usize = 7;
    pub const BENEFICIARY: Role = Role::new(0, false, true);
    pub const CONFIG: Role = Role::new(1, false, false);
    pub const THREAD: Role = Role::new(2, true, false);
    pub const RECORD: Role = Role::new(3, true, false);
    pub const ESCROW_VAULT: Role = Role::new(4, true, false);
    pub const DESTINATION: Role = Role::new(5, true, false);
    pub const TOKEN_PROGRAM: Role = Role::new(6, false, false);

    /// Size of the arguments.
    pub const ARGUMENTS: usize = 0;
}

pub mod event_head {
    //! Offsets of what every event begins with (L6).
    pub const THREAD: usize = 8;
    pub const SEQUENCE: usize = 40;
    pub const FIRST_SEQUENCE: usize = 48;
    pub const LAST_SEQUENCE: usize = 56;
}

/// Size of the longest event.
pub const LONGEST_EVENT: usize = 176;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadCreated {
    pub creator: Address,
    pub nonce: u64,
    pub created_at: i64,
}

impl Event for ThreadCreated {
    const SIZE: usize = 112;
    const DISCRIMINATOR: [u8; 8] = [59, 69, 189, 201, 230, 112, 52, 77];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.creator);
        put(bytes, 96, self.nonce);
        put(bytes, 104, self.created_at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCreated {
    pub author: Address,
    pub hash: [u8; 32],
    pub submitted_at: i64,
}

impl Event for MessageCreated {
    const SIZE: usize = 136;
    const DISCRIMINATOR: [u8; 8] = [236, 110, 177, 39, 91, 53, 14, 195];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.submitted_at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessagePublished {
    pub author: Address,
    pub hash: [u8; 32],
    pub leaf_index: u64,
    pub decided_at: i64,
}

impl Event for MessagePublished {
    const SIZE: usize = 144;
    const DISCRIMINATOR: [u8; 8] = [173, 188, 57, 2, 100, 249, 56, 72];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.leaf_index);
        put(bytes, 136, self.decided_at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecSubmitted {
    pub author: Address,
    pub hash: [u8; 32],
    pub stake: u64,
    pub electorate_size: u8,
    pub submitted_at: i64,
    pub deadline: i64,
}

impl Event for SpecSubmitted {
    const SIZE: usize = 153;
    const DISCRIMINATOR: [u8; 8] = [48, 86, 83, 26, 197, 99, 162, 83];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.stake);
        put(bytes, 136, self.electorate_size);
        put(bytes, 137, self.submitted_at);
        put(bytes, 145, self.deadline);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalReceived {
    pub author: Address,
    pub hash: [u8; 32],
    pub voter: Address,
    pub decision: Decision,
}

impl Event for ApprovalReceived {
    const SIZE: usize = 161;
    const DISCRIMINATOR: [u8; 8] = [187, 82, 165, 107, 235, 35, 210, 42];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.voter);
        put(bytes, 160, self.decision);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRejected {
    pub author: Address,
    pub hash: [u8; 32],
    pub decided_at: i64,
}

impl Event for MessageRejected {
    const SIZE: usize = 136;
    const DISCRIMINATOR: [u8; 8] = [248, 171, 156, 154, 50, 22, 25, 137];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.decided_at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageExpired {
    pub author: Address,
    pub hash: [u8; 32],
    pub decided_at: i64,
}

impl Event for MessageExpired {
    const SIZE: usize = 136;
    const DISCRIMINATOR: [u8; 8] = [9, 205, 202, 186, 19, 241, 106, 112];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.decided_at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoAuthorAdded {
    pub co_author: Address,
    pub seat: u8,
}

impl Event for CoAuthorAdded {
    const SIZE: usize = 97;
    const DISCRIMINATOR: [u8; 8] = [238, 174, 43, 81, 109, 98, 164, 19];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.co_author);
        put(bytes, 96, self.seat);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakeSettled {
    pub author: Address,
    pub hash: [u8; 32],
    pub stake: u64,
    pub to_balance: u64,
    pub to_escrow: u64,
    pub to_payees: u64,
    pub to_treasury: u64,
    pub share: u64,
}

impl Event for StakeSettled {
    const SIZE: usize = 176;
    const DISCRIMINATOR: [u8; 8] = [171, 53, 105, 171, 142, 65, 236, 232];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.stake);
        put(bytes, 136, self.to_balance);
        put(bytes, 144, self.to_escrow);
        put(bytes, 152, self.to_payees);
        put(bytes, 160, self.to_treasury);
        put(bytes, 168, self.share);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareClaimed {
    pub author: Address,
    pub hash: [u8; 32],
    pub beneficiary: Address,
    pub amount: u64,
}

impl Event for ShareClaimed {
    const SIZE: usize = 168;
    const DISCRIMINATOR: [u8; 8] = [235, 144, 44, 130, 190, 141, 139, 176];

    fn write_fields(&self, bytes: &mut [u8]) {
        put(bytes, 64, self.author);
        put(bytes, 96, self.hash);
        put(bytes, 128, self.beneficiary);
        put(bytes, 160, self.amount);
    }
}
