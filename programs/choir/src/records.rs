//! What both ways of submission share: the record, and where it lies by design.

use pinocchio::{cpi::Seed, error::ProgramError, AccountView, Address};

use crate::{
    commitment::Hash,
    create::{create, Creation},
    generated::{record, Record, RecordKey, RECORD_SEED},
    layout::Kind,
    pda,
    state::State,
};

/// A record to be created; its author pays.
pub struct Submission<'a> {
    pub key: RecordKey,
    pub record: &'a AccountView,
    pub author: &'a AccountView,
    pub thread: &'a Address,
    pub hash: &'a Hash,
}

impl Submission<'_> {
    /// The bump of the record's address, provided the account is there (guard 2b).
    pub fn bump(&self, program: &Address) -> Result<u8, ProgramError> {
        let thread = self.thread.as_array();
        let seeds: [&[u8]; 4] = [RECORD_SEED, thread, self.author_seed(), self.hash];
        pda::canonical(self.record, &seeds, program)
    }

    /// Create the record and write down what it is about.
    pub fn create(&self, bump: u8, program: &Address) -> Result<State<Record>, ProgramError> {
        let bump_seed = [bump];
        let seeds = [
            Seed::from(RECORD_SEED),
            Seed::from(self.thread.as_array()),
            Seed::from(self.author_seed()),
            Seed::from(self.hash),
            Seed::from(&bump_seed),
        ];
        create(&Creation {
            payer: self.author,
            account: self.record,
            seeds: &seeds,
            size: Record::SIZE,
            owner: program,
        })?;
        let mut state = State::<Record>::begin(self.record);
        state.set(record::BUMP, bump);
        state.set(record::THREAD, *self.thread);
        state.set(record::AUTHOR, *self.author.address());
        state.set(record::HASH, *self.hash);
        Ok(state)
    }

    /// The author, as far as the key has them: an empty seed is as good as none, since an address
    /// is the hash of the seeds put together.
    fn author_seed(&self) -> &[u8] {
        let author = self.author.address().as_array();
        match self.key {
            RecordKey::ThreadAuthorHash => author,
            RecordKey::ThreadHash => &author[..0],
        }
    }
}
