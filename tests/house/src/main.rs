//! Writes what is made from the code: `cargo run -p house`.

use std::fs;

fn main() -> anyhow::Result<()> {
    let root = house::root();
    for made in house::all(&root)? {
        fs::write(root.join(made.file), made.text)?;
    }
    Ok(())
}
