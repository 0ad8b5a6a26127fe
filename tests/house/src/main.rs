//! Writes what is made from the code: `cargo run -p house`.

use std::fs;

fn main() -> anyhow::Result<()> {
    let root = house::root();
    let all = house::all(&root)?;
    for file in house::left_over(&root, &all)? {
        fs::remove_file(root.join(file))?;
    }
    for made in all {
        let file = root.join(&made.file);
        file.parent().map(fs::create_dir_all).transpose()?;
        fs::write(file, made.text)?;
    }
    Ok(())
}
