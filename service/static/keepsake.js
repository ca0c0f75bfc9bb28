// The keepsake as a PNG, which every phone can show: saved, or shared where the phone can share.

const picture = document.getElementById("keepsake");
const save = document.getElementById("save");

async function png() {
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], save.dataset.name, { type: "image/png" });
}

save.addEventListener("click", async () => {
  const file = await png();
  if (navigator.canShare?.({ files: [file] })) {
    try {
      return await navigator.share({ files: [file] });
    } catch (stopped) {
      if (stopped.name === "AbortError") return;
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  URL.revokeObjectURL(link.href);
});

save.hidden = false;
document.getElementById("plain").hidden = true;
