//! A disk that fails at a step of one's choice.
//!
//! SQLite reaches its files by a table of functions, a VFS. This one counts what is read, written and synced, lets a step
//! fail that was chosen, and otherwise hands everything on to that of the operating system. SQLite wants C functions and
//! raw pointers, so it is the one place with `unsafe`, and in a crate of its own.

use std::ffi::{c_int, c_void};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

/// How a step fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The one step fails, and those after it work: a write gets half way, a sync did nothing.
    Once,
    /// It fails, and so does every step after it: the disk is gone.
    Gone,
    /// Nothing more fits on the disk from there on. What is there can be read.
    Full,
}

/// What SQLite does with a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Read,
    Write,
    Sync,
}

#[derive(Debug)]
struct Disk {
    steps: usize,
    planned: Option<(usize, Failure)>,
    failed: usize,
}

static DISK: Mutex<Disk> = Mutex::new(Disk { steps: 0, planned: None, failed: 0 });

/// Lets the `n`-th step from now on, counted from 0, fail in this way. Every file that SQLite opens in this process after the
/// first call is on this disk.
pub fn fail(n: usize, failure: Failure) {
    install();
    *disk() = Disk { steps: 0, planned: Some((n, failure)), failed: 0 };
}

/// Lets nothing fail any more, and tells how many steps there were, and how many of them failed.
pub fn mend() -> (usize, usize) {
    install();
    let mut disk = disk();
    disk.planned = None;
    (disk.steps, disk.failed)
}

fn disk() -> MutexGuard<'static, Disk> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the next step is to fail, if it is.
fn next(step: Step) -> Option<Failure> {
    let mut disk = disk();
    let n = disk.steps;
    disk.steps += 1;
    let (at, failure) = disk.planned?;
    let is_hit = match failure {
        Failure::Once => n == at,
        Failure::Gone => n >= at,
        Failure::Full => n >= at && step == Step::Write,
    };
    disk.failed += usize::from(is_hit);
    is_hit.then_some(failure)
}

/// The system's own way to files.
struct System(*mut sqlite3_vfs);

// SAFETY: SQLite keeps it for as long as the process lives, and calls it from any thread.
unsafe impl Send for System {}

static SYSTEM: Mutex<Option<System>> = Mutex::new(None);

fn system() -> *mut sqlite3_vfs {
    let system = SYSTEM.lock().unwrap_or_else(PoisonError::into_inner);
    system.as_ref().map_or(std::ptr::null_mut(), |system| system.0)
}

/// Puts this disk in front of the system's, once.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: the default VFS is there as long as the process lives, and so is ours, which is never freed. What is not
        // replaced in the copy gets our table where it expects its own, with the same data in it.
        let registered = unsafe {
            let system = ffi::sqlite3_vfs_find(std::ptr::null());
            *SYSTEM.lock().unwrap_or_else(PoisonError::into_inner) = Some(System(system));
            let mut failing = *system;
            failing.zName = c"failing".as_ptr();
            failing.szOsFile += FRONT as c_int;
            failing.pNext = std::ptr::null_mut();
            failing.xOpen = Some(open);
            ffi::sqlite3_vfs_register(Box::into_raw(Box::new(failing)), 1)
        };
        assert_eq!(registered, ffi::SQLITE_OK);
    });
}

/// A file of ours is the table of our functions, and behind it the system's file.
const FRONT: usize = size_of::<sqlite3_file>();

/// The system's file behind ours.
///
/// # Safety
///
/// The file was opened by [`open`].
unsafe fn behind(file: *mut sqlite3_file) -> *mut sqlite3_file {
    unsafe { file.byte_add(FRONT) }
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let system = system();
    // SAFETY: SQLite gives as much room as `szOsFile` asks for: ours, and the system's.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let Some(open) = (*system).xOpen else { return ffi::SQLITE_CANTOPEN };
        let opened = open(system, name, behind(file), flags, out);
        if opened == ffi::SQLITE_OK {
            (*file).pMethods = &METHODS;
        }
        opened
    }
}

/// A function that hands on to the same one of the system's file, unless the step is to fail.
macro_rules! handed_on {
    ($name:ident, $method:ident, ($($argument:ident: $type:ty),*) $(, $step:expr => $error:expr)?) => {
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            $(if next($step).is_some() {
                return $error;
            })?
            // SAFETY: the file was opened by `open`, and the system's has all functions of its version.
            unsafe {
                let file = behind(file);
                match (*(*file).pMethods).$method {
                    Some(method) => method(file $(, $argument)*),
                    None => ffi::SQLITE_IOERR,
                }
            }
        }
    };
}

handed_on!(close, xClose, ());
handed_on!(read, xRead, (buffer: *mut c_void, count: c_int, offset: i64),
    Step::Read => ffi::SQLITE_IOERR_READ);
handed_on!(write_whole, xWrite, (buffer: *const c_void, count: c_int, offset: i64));
handed_on!(truncate, xTruncate, (size: i64), Step::Write => ffi::SQLITE_IOERR_TRUNCATE);
handed_on!(file_size, xFileSize, (size: *mut i64));
handed_on!(lock, xLock, (level: c_int));
handed_on!(unlock, xUnlock, (level: c_int));
handed_on!(check_reserved_lock, xCheckReservedLock, (held: *mut c_int));
handed_on!(file_control, xFileControl, (operation: c_int, argument: *mut c_void));
handed_on!(sector_size, xSectorSize, ());
handed_on!(device_characteristics, xDeviceCharacteristics, ());
handed_on!(shm_map, xShmMap,
    (page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void),
    Step::Write => ffi::SQLITE_IOERR_SHMSIZE);
handed_on!(shm_lock, xShmLock, (offset: c_int, count: c_int, flags: c_int));
handed_on!(shm_unmap, xShmUnmap, (delete: c_int));

/// A write that fails gets half way, as the disk may do.
unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    buffer: *const c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    match next(Step::Write) {
        // SAFETY: what SQLite gave is handed on.
        None => unsafe { write_whole(file, buffer, count, offset) },
        Some(Failure::Full) => ffi::SQLITE_FULL,
        Some(Failure::Once | Failure::Gone) => {
            // SAFETY: the first half of what SQLite gave.
            unsafe { write_whole(file, buffer, count / 2, offset) };
            ffi::SQLITE_IOERR_WRITE
        }
    }
}

/// Nothing is synced in truth: no power fails here, and it would take most of the time.
unsafe extern "C" fn sync(_: *mut sqlite3_file, _: c_int) -> c_int {
    next(Step::Sync).map_or(ffi::SQLITE_OK, |_| ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: the file was opened by `open`.
    unsafe {
        let file = behind(file);
        if let Some(barrier) = (*(*file).pMethods).xShmBarrier {
            barrier(file);
        }
    }
}

/// Version 2: without maps of the file, so that every page is read and written by a step.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
